"""AssemblyAI: streaming recognition, protocol v3."""
