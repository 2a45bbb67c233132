"""From a folder of files to documents with positions."""
