"""What each operation beside SCIM takes and answers, in a notation of its own; ``openapi.py`` makes schemas of it.

A type is a word (text, flag, count, number, time, url, object, any), the name of one of ``OBJECTS``, or words to choose
from: ``US|EU``. ``[T]`` is an array, ``{T}`` an object with values of one type, ``T?`` may be null. A name with a
question mark may be left out.

Rule: data only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """One operation. answer, body: types, "" for none.  query: of ``PARAMETERS``; a header begins with ``x-``.

    errors: statuses besides those that every operation of its kind can end with.  tag: where it is listed.
    """

    summary: str
    answer: str = ""
    body: str = ""
    query: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    tag: str = ""


_TYPES = "SCIM|LDAP|POLL"
_PROVIDERS = (
    "DIRECTORY_PROVIDER_UNSPECIFIED|OKTA|GOOGLE|MICROSOFT_AD|AUTH0|ONELOGIN|JUMPCLOUD|PING_IDENTITY"
)
_DOMAINS = "ORGANIZATION_DOMAIN|ALLOWED_EMAIL_DOMAIN"
_PROFILE = (
    "given_name", "family_name", "name", "locale", "preferred_username", "picture", "phone_number", "first_name",
    "last_name", "gender",
)  # fmt: skip
_ENDPOINT = {
    "id": "text", "url": "text", "description": "text", "events": "[text]", "enabled": "flag", "created": "time",
    "secrets": "[SecretSuffix]",
}
_STATES = "pending|delivered|failed"
_PAGE = {"next_page_token": "text", "prev_page_token": "text"}
_LIST = {**_PAGE, "total_size": "count"}

PARAMETERS: Mapping[str, tuple[str, str]] = {
    "page_size": ("How many are wanted: 10 unless said otherwise, 30 at most (more counts as 30)", "count"),
    "page_token": ("Of the page that is wanted, as an answer told it; without, the first one", "text"),
    "include_detail": ("Whether all that is known is wanted", "flag"),
    "directory_group_id": ("Only those in this group", "text"),
    "updated_after": ("Only what was changed after this", "time"),
    "include_external_groups": ("Taken, and without effect: there are none", "flag"),
    "include": ("Taken, and without effect", "text"),
    "page_number": ("Taken, and without effect: all are on one page", "count"),
    "domain_type": ("Only domains of this kind", "ORGANIZATION_DOMAIN|ALLOWED_EMAIL_DOMAIN"),
    "send_invitation_email": ("Taken, and without effect: nobody is written to", "flag"),
    "features": ("What the portal is opened for", "text"),
    "external_id": ("Only the one that is called so by the caller", "text"),
    "limit": ("How many are wanted", "count"),
    "after": ("Of the page that is wanted, as an answer told it", "text"),
    "since": ("Only from then on", "time"),
    "until": ("Only before then", "time"),
    "reason": ("Only for this reason", "text"),
    "user_name": ("By which name the IdP knows them", "text"),
    "state": ("Only in this state", _STATES),
    "actor": ("Only by this one", "text"),
    "target": ("Only about this one", "text"),
    "outcome": ("Only what ended so", "success|rejected|error"),
    "action": ("Only of this kind", "text"),
    "email": ("Of whom", "text"),
    "x-session": ("The token of the session", "text"),
    "cascade": ("Taken, and without effect", "flag"),
}

OBJECTS: Mapping[str, Mapping[str, str]] = {
    "ApiDetail": {"error_code": "text"},
    "ApiError": {"code": "count", "message": "text", "details": "[ApiDetail]"},
    "ManageError": {"error": "text"},
    "OAuthError": {"error": "text", "error_description": "text"},
    "Nothing": {},
    # programs
    "Grant": {
        "grant_type": "client_credentials", "client_id?": "text", "client_secret?": "text", "scope?": "text",
    },
    "Granted": {"access_token": "text", "token_type": "Bearer", "expires_in": "count", "scope": "text"},
    "Keys": {"keys": "[object]"},
    # organizations
    "Feature": {"name": "scim|sso|domain_verification", "enabled": "flag"},
    "FeatureSent": {"name": "scim|sso|domain_verification", "enabled?": "flag"},
    "Settings": {"features": "[Feature]"},
    "SettingsSent": {"features": "[FeatureSent]"},
    "Organization": {
        "id": "text", "create_time": "time", "update_time": "time", "display_name": "text", "region_code": "US|EU",
        "external_id": "text", "metadata": "{text}", "settings": "Settings",
    },
    "OrganizationSent": {
        "display_name": "name", "external_id?": "text", "region_code?": "US|EU", "metadata?": "{text}",
    },
    "OrganizationChange": {"display_name?": "name", "external_id?": "text", "metadata?": "{text}"},
    "OneOrganization": {"organization": "Organization"},
    "OrganizationList": {"organizations": "[Organization]", **_LIST},
    "DefaultRole": {"default_member_role": "role"},
    "DefaultRoleShown": {"name": "text", "display_name": "text", "default_member": "flag"},
    "OneDefaultRole": {"default_member": "DefaultRoleShown"},
    "PortalLinkSent": {"id?": "any", "sso?": "any", "directory_sync?": "any", "features?": "any"},
    "PortalLink": {"id": "text", "location": "text", "expire_time": "time"},
    "OnePortalLink": {"link": "PortalLink"},
    "PortalLinkList": {"links": "[PortalLink]"},
    # domains
    "Domain": {
        "id": "text", "domain": "text", "environment_id": "text", "organization_id": "text", "domain_type": _DOMAINS,
        "verification_status": "PENDING|VERIFIED|FAILED|AUTO_VERIFIED", "verification_method": "ADMIN|NOT_APPLICABLE",
        "txt_record_key": "text", "txt_record_secret": "text", "create_time": "time", "update_time": "time",
    },
    "DomainSent": {"domain": "name", "domain_type?": f"DOMAIN_TYPE_UNSPECIFIED|{_DOMAINS}"},
    "OneDomain": {"domain": "Domain"},
    "DomainList": {"page_size": "count", "page_number": "count", "domains": "[Domain]"},
    "Verified": {"verified": "flag"},
    # users
    "RoleOfUser": {"id": "text", "name": "text", "display_name": "text"},
    "RoleSent": {"id?": "text", "name?": "text", "role_name?": "text", "display_name?": "text"},
    "RolesOfUser": {"roles": "[RoleOfUser]"},
    "RolesSent": {"roles": "[RoleSent]"},
    "Membership": {
        "organization_id": "text", "join_time": "time", "membership_status": "ACTIVE|INACTIVE|PENDING_INVITE",
        "roles": "[RoleOfUser]", "name": "text", "display_name": "text", "metadata": "{text}",
        "provisioning_method": "direct_provision|invitation", "permissions": "[text]",
    },
    "MembershipSent": {"roles?": "[RoleSent]", "metadata?": "{text}", "inviter_email?": "text"},
    "MembershipChange": {"roles?": "[RoleSent]", "metadata?": "{text}"},
    "UserProfile": {
        "id": "text", **dict.fromkeys(_PROFILE, "text"), "email_verified": "flag", "phone_number_verified": "flag",
        "groups": "[text]", "metadata": "{text}", "custom_attributes": "{text}", "external_identities": "[object]",
    },
    "UserProfileSent": {
        **dict.fromkeys([f"{name}?" for name in _PROFILE], "text"), "groups?": "[text]", "metadata?": "{text}",
        "custom_attributes?": "{text}",
    },
    "User": {
        "id": "text", "environment_id": "text", "create_time": "time", "update_time": "time", "email": "text",
        "external_id": "text", "memberships": "[Membership]", "user_profile": "UserProfile", "metadata": "{text}",
    },
    "UserSent": {
        "email": "text", "external_id?": "text", "membership?": "MembershipSent", "user_profile?": "UserProfileSent",
        "metadata?": "{text}",
    },
    "UserChange": {"external_id?": "text", "user_profile?": "UserProfileSent", "metadata?": "{text}"},
    "OneUser": {"user": "User"},
    "UserList": {"users": "[User]", **_LIST},
    # directories
    "Secret": {
        "id": "text", "directory_id": "text", "create_time": "time", "secret_suffix": "text",
        "status": "ACTIVE|INACTIVE", "expire_time?": "time", "last_used_time?": "time",
    },
    "NewSecret": {"plain_secret": "text", "secret": "Secret"},
    "Mapping": {"key": "text", "map_to": "text"},
    "Mappings": {"attributes": "[Mapping]"},
    "MappingsShown": {"attribute_mappings": "Mappings"},
    "Assignment": {"group_id": "text", "role_name": "text", "role_id": "text"},
    "AssignmentSent": {"group_id": "text", "role_name": "role", "role_id?": "text"},
    "Assignments": {"assignments": "[Assignment]"},
    "AssignmentsSent": {"assignments": "[AssignmentSent]"},
    "AssignmentsShown": {"role_assignments": "Assignments"},
    "Stats": {
        "total_users": "count", "total_groups": "count", "user_updated_at?": "time", "group_updated_at?": "time",
    },
    "Directory": {
        "id": "text", "name": "text", "directory_type": _TYPES, "directory_provider": _PROVIDERS,
        "organization_id": "text", "enabled": "flag", "status": "DRAFT|IN_PROGRESS|COMPLETED",
        "directory_endpoint": "url", "email": "text", "groups_tracked": "ALL", "allowed_addresses": "[text]",
        "last_synced_at?": "time", "total_users": "count", "total_groups": "count", "stats": "Stats",
        "secrets": "[Secret]", "role_assignments": "Assignments", "attribute_mappings": "Mappings",
    },
    "DirectorySent": {"directory_type?": _TYPES, "directory_provider?": _PROVIDERS, "name?": "text"},
    "DirectoryChange": {
        "name?": "name", "directory_type?": _TYPES, "directory_provider?": _PROVIDERS, "enabled?": "flag",
        "email?": "text", "allowed_addresses?": "[text]",
    },
    "OneDirectory": {"directory": "Directory"},
    "DirectoryList": {"directories": "[Directory]"},
    "Switched": {"enabled": "flag"},
    "GroupReference": {"id": "text", "display_name": "text", "name": "text"},
    "DirectoryUser": {
        "id": "text", "email": "text", "preferred_username": "text", "given_name": "text", "family_name": "text",
        "name": "text", "emails": "[text]", "groups": "[GroupReference]", "active": "flag", "external_id": "text",
        "updated_at": "time", "user_detail?": "object",
    },
    "DirectoryUserList": {"users": "[DirectoryUser]", **_LIST},
    "DirectoryGroup": {
        "id": "text", "display_name": "text", "name": "text", "total_users": "count", "member_count": "count",
        "external_id": "text", "updated_at": "time", "group_detail?": "object",
    },
    "DirectoryGroupList": {"groups": "[DirectoryGroup]", **_LIST},
    "DirectoryGroupSummary": {"groups": "[GroupReference]", **_LIST},
    # events
    "EventFilter": {
        "event_types?": "[text]", "start_time?": "time", "end_time?": "time", "organization_id?": "text",
        "source?": "SOURCE_UNSPECIFIED|SCALEKIT|DIR_SYNC",
    },
    "Event": {
        "spec_version": "1", "id": "text", "type": "text", "occurred_at": "time", "environment_id": "text",
        "organization_id": "text", "object": "DirectoryUser|DirectoryGroup|Directory", "display_name": "text",
        "data": "object",
    },
    "EventList": {"events": "[Event]", **_PAGE},
    # tenants
    "Tenant": {"name": "text", "path": "text"},
    "TenantList": {"tenants": "[Tenant]"},
    "Token": {"id": "text", "suffix": "text", "created": "time", "expires": "time?"},
    "TokenSent": {"expires_in?": "number?"},
    "NewToken": {"id": "text", "suffix": "text", "created": "time", "expires": "time?", "token": "text"},
    "TokenList": {"tokens": "[Token]"},
    "Allowed": {"addresses": "[text]"},
    # of one tenant
    "Domains": {"domains": "[text]"},
    "Roles": {"default": "text", "map": "{text}"},
    "DefaultRoleSent": {"default": "role"},
    "Role": {"role": "role"},
    "UserRoles": {"roles": "[text]"},
    "Access": {"allowed": "flag", "reason": "text"},
    "Webhook": {"url": "text"},
    "WebhookSent": {"url": "url"},
    "NewWebhook": {"url": "text", "secret": "text"},
    "SigningSecret": {"secret": "text"},
    "SecretSuffix": {"suffix": "text"},
    "Endpoint": _ENDPOINT,
    "NewEndpoint": {**_ENDPOINT, "secret": "text"},
    "EndpointSent": {"url": "url", "description?": "text", "events?": "[text]", "enabled?": "flag"},
    "EndpointChange": {"url?": "url", "description?": "text", "events?": "[text]", "enabled?": "flag"},
    "EndpointList": {"webhooks": "[Endpoint]"},
    "Attempt": {
        "number": "count", "started_at": "time", "duration": "number", "status": "count?", "failure": "text?",
        "response": "text?", "next_attempt_at": "time?",
    },
    "Delivery": {
        "id": "text", "event_id": "text", "endpoint_id": "text?", "type": "text", "state": _STATES,
        "next_attempt_at": "time?", "attempts": "[Attempt]",
    },
    "DeliveryList": {"deliveries": "[Delivery]", "next": "text"},
    "Redelivered": {"deliveries": "[Delivery]"},
    "AuditEntry": {
        "id": "text", "sequence": "count", "occurred_at": "time", "organization_id": "text", "directory_id": "text",
        "actor": "object", "action": "text", "target": "object", "outcome": "success|rejected|error", "reason": "text",
        "request": "object", "changes": "[object]", "wanted?": "object",
    },
    "AuditLog": {"entries": "[AuditEntry]", "next": "text"},
    "Step": {"question": "text", "answer": "yes|no|unknown", "detail": "text", "at": "time?"},
    "Diagnosis": {"email": "text", "appears": "flag", "reasons": "[text]", "steps": "[Step]"},
    "TestEvent": {"directory_id?": "text"},
    "TestEventSent": {"event_id": "text", "event_type": "text", "event_payload": "Event"},
    "Session": {"token": "text"},
    "SessionOf": {"user_id": "text"},
    "Seconds": {"seconds": "number"},
    "Now": {"now": "time"},
}  # fmt: skip

SHAPES: Mapping[str, Shape] = {
    # programs
    "GrantToken": Shape("An access token for a program (RFC 6749 §4.4)", "Granted", "Grant", errors=(401,)),
    "ListKeys": Shape("Keys of signed tokens; there are none, as tokens are opaque", "Keys"),
    # organizations
    "CreateOrganization": Shape("Make an organization", "OneOrganization", "OrganizationSent", errors=(409,)),
    "ListOrganization": Shape(
        "All organizations", "OrganizationList", query=("page_size", "page_token", "external_id")
    ),
    "GetOrganization": Shape("One organization", "OneOrganization"),
    "GetOrganizationByExternalId": Shape("One organization, by its owner's name for it", "OneOrganization"),
    "UpdateOrganization": Shape("Change what is named", "OneOrganization", "OrganizationChange", errors=(409,)),
    "DeleteOrganization": Shape("Delete an organization with its directories"),
    "UpdateOrganizationSettings": Shape("Switch features on and off", "OneOrganization", "SettingsSent"),
    "UpdateDefaultOrganizationRoles": Shape("Set the role of whoever has no other", "OneDefaultRole", "DefaultRole"),
    "GeneratePortalLink": Shape(
        "A link that opens the portal once, within a minute", "OnePortalLink", "PortalLinkSent?", ("features",)
    ),
    "GetPortalLinks": Shape("Links that can still be opened", "PortalLinkList"),
    "DeletePortalLink": Shape("Withdraw all links, and end the sessions they opened"),
    "DeletePortalLinkByID": Shape("Withdraw one link, and end the session it opened"),
    # domains
    "CreateDomain": Shape("Register a domain", "OneDomain", "DomainSent", errors=(409,)),
    "ListDomains": Shape("Domains of an organization", "DomainList", query=("page_size", "page_number", "domain_type")),
    "GetDomain": Shape("One domain", "OneDomain"),
    "DeleteDomain": Shape("Forget a domain; whoever is here stays"),
    "VerifyDomain": Shape("Vouch for a domain", "Verified"),
    # users
    "CreateUserAndMembership": Shape(
        "Invite somebody", "OneUser", "UserSent", ("send_invitation_email",), errors=(409,)
    ),
    "ListOrganizationUsers": Shape("Users of an organization", "UserList", query=("page_size", "page_token")),
    "GetUser": Shape("One user", "OneUser"),
    "UpdateUser": Shape("Change what is named of a user", "OneUser", "UserChange", errors=(409,)),
    "DeleteMembership": Shape("Remove a user, from the directory as well"),
    "UpdateMembership": Shape("Set a user's roles", "OneUser", "MembershipChange"),
    "ListUserRoles": Shape("The roles that a user has", "RolesOfUser"),
    "AssignUserRoles": Shape("Give further roles", "RolesOfUser", "RolesSent"),
    "RemoveUserRole": Shape("Take a role away"),
    # directories
    "ListDirectories": Shape("Directories of an organization", "DirectoryList"),
    "CreateDirectory": Shape("Make a directory", "OneDirectory", "DirectorySent?"),
    "GetDirectory": Shape("One directory", "OneDirectory"),
    "UpdateDirectory": Shape("Change what is named", "OneDirectory", "DirectoryChange"),
    "DeleteDirectory": Shape("Delete a directory with all that it has"),
    "EnableDirectory": Shape("Let the IdP in", "Switched"),
    "DisableDirectory": Shape("Don't let the IdP in", "Switched"),
    "AssignRoles": Shape("Say which groups give which roles", "AssignmentsShown", "AssignmentsSent"),
    "TriggerDirectorySync": Shape("Nothing: IdPs push", "Nothing"),
    "CreateDirectorySecret": Shape("One more token of a directory", "NewSecret", "Nothing?"),
    "RegenerateDirectorySecret": Shape("A new token; the earlier ones are of no use any more", "NewSecret", "Nothing?"),
    "UpdateAttributes": Shape("Say what becomes custom attributes", "MappingsShown", "Mappings"),
    "ListDirectoryUsers": Shape(
        "Users of a directory, those who are switched off among them", "DirectoryUserList",
        query=("page_size", "page_token", "include_detail", "directory_group_id", "updated_after"),
    ),
    "ListDirectoryGroups": Shape(
        "Groups of a directory", "DirectoryGroupList",
        query=("page_size", "page_token", "include_detail", "include_external_groups", "updated_after"),
    ),
    "ListDirectoryGroupsSummary": Shape("All groups by name", "DirectoryGroupSummary"),
    # events
    "ListEventsPaginated": Shape("Events, oldest first", "EventList", "EventFilter?", ("page_size", "page_token")),
    "SendTestEvent": Shape("Send a sample to the webhooks that hear of its type", "TestEventSent", "TestEvent?"),
    # tenants
    "ListTenants": Shape("All tenants", "TenantList"),
    "CreateTenant": Shape("Make a tenant; one that is there stays as it is", "Tenant", "Nothing?"),
    "DeleteTenant": Shape("Remove a tenant with all that it has"),
    "ListTenantTokens": Shape("Tokens of a tenant", "TokenList"),
    "IssueTenantToken": Shape("One more token", "NewToken", "TokenSent?"),
    "RevokeTenantToken": Shape("Revoke a token"),
    "RegenerateTenantToken": Shape("A new token; the earlier ones are of no use any more", "NewToken", "TokenSent?"),
    "SwitchTenantScim": Shape("Switch SCIM of the tenant's organization on and off", "Switched", "Switched"),
    "SwitchTenantDirectory": Shape("Let the tenant's IdP in, or not", "Switched", "Switched"),
    "SetTenantAllowed": Shape("Say from which addresses; none means all", "Allowed", "Allowed"),
    # of one tenant
    "ManageListDomains": Shape("Registered domains", "Domains"),
    "ManageSetDomains": Shape("Register these domains and no others", "Domains", "Domains"),
    "ManageGetRoles": Shape("The default role, and the roles that groups give", "Roles"),
    "ManageSetDefaultRole": Shape("Set the default role", "Roles", "DefaultRoleSent"),
    "ManageMapRole": Shape("Have a group give a role", "Role", "Role"),
    "ManageUnmapRole": Shape("Have a group give no role"),
    "ManageGetUserRoles": Shape("The roles that a user has", "UserRoles"),
    "ManageGetUserAccess": Shape("Whether a user may sign in", "Access"),
    "ManageGetWebhook": Shape("The main webhook", "Webhook", errors=(404,)),
    "ManageSetWebhook": Shape("Register the main webhook", "NewWebhook", "WebhookSent", errors=(409,)),
    "ManageDeleteWebhook": Shape("Have no main webhook"),
    "ManageRotateWebhookSecret": Shape("A new secret of the main webhook", "SigningSecret", "Nothing?", errors=(404,)),
    "ManageListEndpoints": Shape("All webhooks", "EndpointList"),
    "ManageCreateEndpoint": Shape("One more webhook", "NewEndpoint", "EndpointSent", errors=(409,)),
    "ManageGetEndpoint": Shape("One webhook", "Endpoint"),
    "ManageUpdateEndpoint": Shape("Change what is named", "Endpoint", "EndpointChange"),
    "ManageDeleteEndpoint": Shape("Remove a webhook"),
    "ManageRotateEndpointSecret": Shape("A new secret of a webhook", "SigningSecret", "Nothing?"),
    "ManageListDeliveries": Shape("What became of events", "DeliveryList", query=("state", "limit", "after")),
    "ManageRedeliver": Shape("Send once more", "Redelivered", "Nothing?", errors=(409,)),
    "ManageListAudit": Shape(
        "What was done, oldest first", "AuditLog",
        query=("since", "until", "actor", "target", "outcome", "action", "reason", "limit", "after"),
    ),
    "ManageDiagnose": Shape("Why somebody isn't here", "Diagnosis", query=("email", "user_name", "external_id")),
    "ManageGetProfile": Shape("What is told of a user", "object"),
    "ManageFindProfile": Shape("What is told of the user with an address", "object", query=("email",), errors=(404,)),
    "ManageOpenSession": Shape("Sign a user in", "Session", "Nothing?", errors=(403,)),
    "ManageGetSession": Shape("Whose session it is", "SessionOf", query=("x-session",)),
    "ManageAdvanceClock": Shape("Move the clock on", "Now", "Seconds"),
}  # fmt: skip
