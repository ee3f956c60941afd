"""What django-scim2 asks a project for: a user and a group model that carry its SCIM columns.

Rule: the package's own mixins, and no behaviour of ours: whatever the rig meets here is the package's.
"""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):
    """A group; the package reads its members from ``user_set``."""

    name = models.CharField(max_length=200, unique=True)


class User(AbstractSCIMUserMixin, AbstractUser):
    """A user; the package reads its groups from ``scim_groups``."""

    scim_groups = models.ManyToManyField(Group, related_name="user_set")
