"""The world that scimrig simulates: the SCIM protocol, a workforce, identity providers, a reference server."""
