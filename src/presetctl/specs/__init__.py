"""From a provider's request spec to closed JSON Schemas."""
