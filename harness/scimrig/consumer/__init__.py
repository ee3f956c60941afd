"""Consumer mode: scimrig sends webhooks and judges a target's receiver of them (``scimrig consumer``)."""
