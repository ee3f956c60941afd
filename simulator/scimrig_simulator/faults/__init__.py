"""Named ways to break the reference server, and sound variants of it.

The tables hold names only; a fault's module is imported when it is asked for.
Rule: ``server`` and ``faults`` never import each other; they meet in ``seams``, and who needs both puts them together:
``fault(name).server(lambda seams: build(settings, seams))``.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimrig_simulator.faults.sabotage import Fault

FAULTS: Mapping[str, str] = {
    "401-without-challenge": "errors:NO_CHALLENGE",
    "405-without-allow": "errors:ALLOW_MISSING",
    "500-on-bad-filter": "reading:BAD_FILTER_CRASHES",
    "add-replaces-members": "groups:ADD_REPLACES_MEMBERS",
    "apostrophe-breaks-filter": "reading:APOSTROPHE_BREAKS_FILTER",
    "attribute-names-case-sensitive": "writing:ATTRIBUTE_NAMES_CASE_SENSITIVE",
    "attributes-dropped": "lacking:ATTRIBUTES_DROPPED",
    "attributes-drops-id": "reading:ATTRIBUTES_DROPS_ID",
    "bad-count-500": "crashes:BAD_COUNT_CRASHES",
    "charset-415": "errors:CHARSET_415",
    "cleared-value-kept": "writing:CLEARED_VALUE_KEPT",
    "client-id-taken": "creating:CLIENT_ID_TAKEN",
    "config-404": "lacking:CONFIG_404",
    "config-incomplete": "discovery:CONFIG_INCOMPLETE",
    "config-overstates": "discovery:CONFIG_OVERSTATES",
    "count-ignored": "listing:COUNT_IGNORED",
    "create-200": "creating:CREATE_200",
    "created-moves": "representing:CREATED_MOVES",
    "dangling-members": "groups:DANGLING_MEMBERS",
    "deactivate-ignored": "writing:DEACTIVATE_IGNORED",
    "deep-filter-500": "reading:DEEP_FILTER_CRASHES",
    "deep-json-500": "crashes:DEEP_JSON_CRASHES",
    "deep-path-500": "crashes:DEEP_PATH_CRASHES",
    "delete-501": "lacking:DELETE_501",
    "delete-answers-200": "writing:DELETE_ANSWERS_200",
    "delete-keeps": "writing:DELETE_KEEPS",
    "delete-twice-204": "writing:DELETE_TWICE_204",
    "deleted-name-reserved": "creating:DELETED_NAME_RESERVED",
    "discovery-bare-array": "representing:DISCOVERY_BARE_ARRAY",
    "discovery-filter-ignored": "discovery:DISCOVERY_FILTER_IGNORED",
    "dotted-keys-literal": "patching:DOTTED_KEYS_LITERAL",
    "duplicate-case-sensitive": "writing:DUPLICATE_CASE_SENSITIVE",
    "duplicate-created": "writing:DUPLICATE_CREATED",
    "duplicate-is-400": "writing:DUPLICATE_IS_400",
    "email-type-dropped": "lacking:EMAIL_TYPE_DROPPED",
    "empty-bearer-accepted": "errors:EMPTY_BEARER_ACCEPTED",
    "empty-lookup-404": "reading:EMPTY_LOOKUP_404",
    "error-as-200": "errors:ERROR_AS_200",
    "error-html": "errors:ERROR_HTML",
    "error-no-schemas": "errors:ERROR_NO_SCHEMAS",
    "error-status-number": "errors:ERROR_STATUS_NUMBER",
    "etag-mismatch": "representing:ETAG_MISMATCH",
    "excluded-members-ignored": "reading:EXCLUDED_MEMBERS_IGNORED",
    "extension-dropped": "lacking:EXTENSION_DROPPED",
    "extension-undeclared": "representing:EXTENSION_UNDECLARED",
    "external-id-as-id": "creating:EXTERNAL_ID_AS_ID",
    "external-id-dropped": "writing:EXTERNAL_ID_DROPPED",
    "external-id-filter-ignored": "reading:EXTERNAL_ID_FILTER_IGNORED",
    "external-id-filter-unsupported": "reading:EXTERNAL_ID_FILTER_UNSUPPORTED",
    "filter-501": "lacking:FILTER_501",
    "filter-case-sensitive": "reading:FILTER_CASE_SENSITIVE",
    "filter-ignored": "reading:FILTER_IGNORED",
    "get-404-is-500": "reading:GET_404_IS_500",
    "group-members-missing-in-list": "reading:GROUP_MEMBERS_MISSING_IN_LIST",
    "group-name-reserved": "writing:GROUP_NAME_RESERVED",
    "groups-501": "lacking:GROUPS_501",
    "html-as-success": "errors:HTML_AS_SUCCESS",
    "id-changes-on-put": "writing:ID_CHANGES_ON_PUT",
    "id-excluded": "listing:ID_EXCLUDED",
    "id-missing": "representing:ID_MISSING",
    "inactive-hidden": "reading:INACTIVE_HIDDEN",
    "items-per-page-wrong": "reading:ITEMS_PER_PAGE_WRONG",
    "json-415": "errors:JSON_415",
    "last-modified-frozen": "representing:LAST_MODIFIED_FROZEN",
    "list-count-string": "reading:LIST_COUNT_STRING",
    "list-empty-nulls": "reading:LIST_EMPTY_NULLS",
    "list-row-twice": "listing:LIST_ROW_TWICE",
    "list-summary": "listing:LIST_SUMMARY",
    "location-follows-host": "trusting:LOCATION_FOLLOWS_HOST",
    "location-relative": "representing:LOCATION_RELATIVE",
    "long-filter-500": "crashes:LONG_FILTER_CRASHES",
    "lookup-falls-back": "listing:LOOKUP_FALLS_BACK",
    "lower-case-ops-only": "patching:LOWER_CASE_OPS_ONLY",
    "malformed-auth-500": "errors:MALFORMED_AUTH_CRASHES",
    "manager-string-refused": "patching:MANAGER_STRING_REFUSED",
    "manager-string-stored": "patching:MANAGER_STRING_STORED",
    "member-twice": "groups:MEMBER_TWICE",
    "member-value-missing": "groups:MEMBER_VALUE_MISSING",
    "meta-missing": "representing:META_MISSING",
    "method-500": "crashes:METHOD_CRASHES",
    "mirror-missing": "groups:MIRROR_MISSING",
    "name-required": "creating:NAME_REQUIRED",
    "names-in-capitals": "writing:NAMES_IN_CAPITALS",
    "no-auth": "errors:NO_AUTH",
    "no-location": "representing:NO_LOCATION",
    "noop-patch": "patching:NOOP_PATCH",
    "noop-patch-fails": "patching:NOOP_PATCH_FAILS",
    "noop-touches": "writing:NOOP_TOUCHES",
    "not-atomic": "patching:NOT_ATOMIC",
    "null-attributes": "representing:NULL_ATTRIBUTES",
    "operators-case-sensitive": "reading:OPERATORS_CASE_SENSITIVE",
    "paging-cap": "reading:PAGING_CAP",
    "password-returned": "representing:PASSWORD_RETURNED",
    "patch-200-empty": "patching:PATCH_200_EMPTY",
    "patch-501": "lacking:PATCH_501",
    "patch-creates": "patching:PATCH_CREATES",
    "patch-errors-swallowed": "patching:PATCH_ERRORS_SWALLOWED",
    "pathless-refused": "patching:PATHLESS_REFUSED",
    "plain-json-answers": "transport:PLAIN_JSON_ANSWERS",
    "prototype-pollution": "trusting:PROTOTYPE_POLLUTION",
    "put-204": "replacing:PUT_204",
    "put-501": "lacking:PUT_501",
    "put-creates": "replacing:PUT_CREATES",
    "put-ignored": "writing:PUT_IGNORED",
    "put-recreates": "replacing:PUT_RECREATES",
    "put-reenables": "writing:PUT_REENABLES",
    "reactivate-fails": "writing:REACTIVATE_FAILS",
    "readonly-patchable": "patching:READONLY_PATCHABLE",
    "remove-one-ignored": "groups:REMOVE_ONE_IGNORED",
    "remove-one-removes-all": "groups:REMOVE_ONE_REMOVES_ALL",
    "remove-value-ignored": "groups:REMOVE_VALUE_IGNORED",
    "remove-value-removes-all": "groups:REMOVE_VALUE_REMOVES_ALL",
    "rename-ignored": "writing:RENAME_IGNORED",
    "replace-adds-members": "groups:REPLACE_ADDS_MEMBERS",
    "schema-by-id-404": "discovery:SCHEMA_BY_ID_404",
    "schema-without-schemas": "discovery:SCHEMA_WITHOUT_SCHEMAS",
    "schemas-echo-patchop": "patching:SCHEMAS_ECHO_PATCHOP",
    "schemas-missing": "representing:SCHEMAS_MISSING",
    "scim-json-unparsed": "errors:SCIM_JSON_UNPARSED",
    "scim-type-unknown": "errors:SCIM_TYPE_UNKNOWN",
    "search-lags": "listing:SEARCH_LAGS",
    "second-add-409": "groups:SECOND_ADD_409",
    "sibling-touched": "patching:SIBLING_TOUCHED",
    "stale-patch-body": "patching:STALE_PATCH_BODY",
    "start-index-ignored": "reading:START_INDEX_IGNORED",
    "string-boolean-stored": "patching:STRING_BOOLEAN_STORED",
    "token-echoed": "errors:TOKEN_ECHOED",
    "total-is-page-length": "reading:TOTAL_IS_PAGE_LENGTH",
    "truthy-false": "patching:TRUTHY_FALSE",
    "two-primaries": "creating:TWO_PRIMARIES",
    "unicode-mangled": "writing:UNICODE_MANGLED",
    "unknown-attributes-kept": "creating:UNKNOWN_ATTRIBUTES_KEPT",
    "unknown-filter-returns-all": "reading:UNKNOWN_FILTER_RETURNS_ALL",
    "unknown-id-200": "reading:UNKNOWN_ID_200",
    "update-wipes-phones": "writing:UPDATE_WIPES_PHONES",
    "urn-path-split": "patching:URN_PATH_SPLIT",
    "user-name-missing": "creating:USER_NAME_MISSING",
    "user-name-read-only": "discovery:USER_NAME_READ_ONLY",
    "value-path-add-refused": "patching:VALUE_PATH_ADD_REFUSED",
    "wrong-content-type": "transport:WRONG_CONTENT_TYPE",
    "wrong-type-500": "crashes:WRONG_TYPE_CRASHES",
}

VARIANTS: Mapping[str, str] = {
    "no-schemas": "variants:NO_SCHEMAS",
    "patch-204": "variants:PATCH_204",
    "users-only": "variants:USERS_ONLY",
}


def fault(name: str) -> Fault:
    """The fault of this name. Raises ValueError that suggests the nearest one."""
    return _load("fault", name, FAULTS)


def variant(name: str) -> Fault:
    """The variant of this name. Raises ValueError that suggests the nearest one."""
    return _load("variant", name, VARIANTS)


def _load(what: str, name: str, table: Mapping[str, str]) -> Fault:
    if name not in table:
        near = get_close_matches(name, table, 1)
        names = ", ".join(table) if len(table) < 10 else "'scimrig list faults' names them"
        hint = f"Did you mean {near[0]!r}?" if near else f"There are {len(table)}: {names}."
        raise ValueError(f"There is no {what} called {name!r}. {hint}")
    module, _, attribute = table[name].partition(":")
    found: Fault = getattr(import_module(f"{__name__}.{module}"), attribute)
    return found
