"""The local model store: what there is (catalogue), where it comes from (index, fetch), where it
is kept (store)."""
