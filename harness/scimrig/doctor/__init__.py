"""Looks a target over before anything is judged, and says what to do about what is wrong: ``scimrig doctor``.

``reach.py`` the address and TLS · ``endpoint.py`` SCIM, credentials, discovery · ``timing.py`` clock and speed ·
``trial.py`` one user of our own, and the declared calls on it · ``lacking.py`` what the target file does not say ·
``examine.py`` all of it in order.

Rule: no verdict on conformance. A line says how something is and, where it is not well, what to do.
"""
