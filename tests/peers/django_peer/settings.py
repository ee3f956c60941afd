"""The smallest project that serves django-scim2: its adapters, its filters and its defaults, on SQLite.

From the environment: PEER_TOKEN, PEER_DATABASE (a file), PEER_PORT.
"""

import os

PEER_TOKEN = os.environ["PEER_TOKEN"]

SECRET_KEY = "signs nothing here"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "django_peer.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django_scim", "django_peer"]
MIGRATION_MODULES = {"contenttypes": None, "auth": None}
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django_peer.bearer.bearer"]
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "django_peer.User"
USE_TZ = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the default takes its time on purpose
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["PEER_DATABASE"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous=OFF"},
    }
}
SCIM_SERVICE_PROVIDER = {
    "SCHEME": "http",
    "NETLOC": f"127.0.0.1:{os.environ['PEER_PORT']}",
    "AUTHENTICATION_SCHEMES": [
        {"type": "oauthbearertoken", "name": "Bearer token", "description": "One static token (RFC 6750)"}
    ],
    "WWW_AUTHENTICATE_HEADER": 'Bearer realm="peer"',
    "GROUP_MODEL": "django_peer.models.Group",
}
