"""AssemblyAI, pretended."""
