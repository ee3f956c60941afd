# How the calls below are made. POSIX sh, curl 7.55 or newer, awk and sed; nothing else.
umask 077
work=$(mktemp -d) || exit 1
token=$work/token
: >"$token"
[ -z "$bearer" ] || printf 'Authorization: Bearer %s\n' "$bearer" >"$token"
hooks_token=$work/hooks-token
: >"$hooks_token"
[ -z "${SCIMRIG_HOOKS_TOKEN-}" ] || printf 'Authorization: Bearer %s\n' "$SCIMRIG_HOOKS_TOKEN" >"$hooks_token"
second_token=$work/second-token
: >"$second_token"
[ -z "${SCIMRIG_SECOND_TOKEN-}" ] || printf 'Authorization: Bearer %s\n' "$SCIMRIG_SECOND_TOKEN" >"$second_token"
count=0
made=

# Delete what the creates below made, newest first. SCIMRIG_KEEP=1 leaves it on the target.
clear_away() {
  if [ -z "${SCIMRIG_KEEP-}" ]; then
    for row in $made; do
      status=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 60 -X DELETE -H "@$token" "$base$row")
      printf '(cleared away: DELETE %s -> %s)\n' "$row" "$status"
    done
  fi
  rm -rf "$work"
}
trap clear_away EXIT
trap 'exit 130' HUP INT TERM

# call METHOD TARGET STATUS-IN-THE-RUN [options of curl]: send it, print what comes back.
# TARGET is a path below the base URL, or the whole URL of a call beside SCIM.
# Where --data-binary is among the options, the body is the here-document without its last line end.
call() {
  method=$1 target=$2 before=$3
  shift 3
  count=$((count + 1))
  case $target in
    http://*|https://*) url=$target ;;
    *) url=$base$target ;;
  esac
  : >"$work/head"
  : >"$work/reply"
  : >"$work/body"
  case " $* " in
    *" --data-binary "*)
      body=$(cat; printf x)
      body=${body%x}
      printf %s "${body%?}" >"$work/body" ;;
  esac
  printf '\n[%s] %s %s\n' "$count" "$method" "$target"
  case $method in
    HEAD) set -- --head "$@" ;;
    *) set -- -X "$method" "$@" ;;
  esac
  curl -sS --http1.1 -g --path-as-is --max-time 60 -D "$work/head" -o "$work/reply" "$@" "$url" <"$work/body"
  line=$(grep '^HTTP' "$work/head" | tail -n 1 | tr -d '\r')
  status=$(printf %s "$line" | cut -d ' ' -f 2)
  differs=
  [ "$status" = "$before" ] || differs='   <-- not as in the run'
  printf '    %s   (in the run: %s)%s\n' "${line:-no answer}" "$before" "$differs"
  if [ -s "$work/reply" ] && [ "$method" != HEAD ]; then
    sed 's/^/    /' "$work/reply"
    echo
  fi
  case $method,$status,$target in
    POST,20[01],/*)
      row=$(take id | unescaped | encoded)
      [ -z "$row" ] || made="${target%%\?*}/$row $made" ;;
  esac
}

# keep VARIABLE WHERE: a value of the last answer into $VARIABLE, and percent-encoded into $VARIABLE_path.
# WHERE is a path into its JSON (id, Resources/0/id), or header:ETag, or segment:Location (what follows its last slash).
keep() {
  case $2 in
    header:*) value=$(header "${2#*:}") ;;
    segment:*) value=$(header "${2#*:}" | sed 's|.*/||') ;;
    *) value=$(take "$2") ;;
  esac
  [ -n "$value" ] || printf '    (no %s in this answer: what follows lacks it)\n' "$2"
  eval "$1=\$value"
  value=$(printf %s "$value" | unescaped | encoded)
  eval "$1_path=\$value"
}

header() {
  tr -d '\r' <"$work/head" | awk -v wanted="$1" '
    index(tolower($0), tolower(wanted) ":") == 1 { value = substr($0, length(wanted) + 2); sub(/^[ \t]+/, "", value) }
    END { printf "%s", value }'
}

# The scalar at a path in the JSON of the last answer, escapes of strings left as they are.
take() {
  LC_ALL=C awk -v wanted="$1" '
    { text = text $0 "\n" }
    END {
      size = length(text)
      for (i = 1; i <= size; i++) {
        c = substr(text, i, 1)
        if (c == "{" || c == "[") { depth++; list[depth] = (c == "["); naming[depth] = (c == "{"); name[depth] = 0; continue }
        if (c == "}" || c == "]") { depth--; continue }
        if (c == ",") { if (list[depth]) name[depth]++; else naming[depth] = 1; continue }
        if (c == ":") { naming[depth] = 0; continue }
        if (c ~ /[ \t\r\n]/) continue
        word = ""
        if (c == "\"") {
          while (++i <= size && (c = substr(text, i, 1)) != "\"")
            word = word (c == "\\" ? c substr(text, ++i, 1) : c)
        } else {
          for (; i <= size && (c = substr(text, i, 1)) !~ /[],} \t\r\n]/; i++) word = word c
          i--
        }
        if (naming[depth]) { name[depth] = word; continue }
        here = name[1]
        for (d = 2; d <= depth; d++) here = here "/" name[d]
        if (here == wanted) { printf "%s", word; exit }
      }
    }' "$work/reply"
}

unescaped() { sed 's|\\\([\\/"]\)|\1|g'; }

encoded() {
  LC_ALL=C awk '
    BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = sprintf("%%%02X", i) }
    { for (i = 1; i <= length($0); i++) { c = substr($0, i, 1); out = out (c ~ /[A-Za-z0-9._~-]/ ? c : code[c]) } }
    END { printf "%s", out }'
}
