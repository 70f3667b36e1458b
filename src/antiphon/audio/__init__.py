"""Audio as numbers: frames, codecs, rates, levels, gain, and what the caller has heard.

Everything here is arithmetic on samples. No sockets, devices, models or clocks: a function that
needs the time takes it as an argument.
"""
