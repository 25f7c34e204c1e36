# What the stand-ins of programs that run agents have in common. Sourced by each of them.
#
# They speak the formats of the real ones and refuse what those refuse. What they do is said by files
# in $STANDINS, named after the issue id in the prompt: `ID.fail` makes it fail, `ID.hang` makes it
# hang once, and neither makes it succeed. `calls` there lists what they were called with.

host=${0##*/}
: "${STANDINS:?where the stand-ins keep what they know}"

# Every call on one line, with the arguments as a shell would read them.
called() {
    line=$host
    for word; do
        line="$line '$(printf %s "$word" | tr '\n' ' ' | cut -c1-60)'"
    done
    printf '%s\n' "$line" >>"$STANDINS/calls"
}

complain() {
    printf '%s\n' "$2" >&2
    exit "$1"
}

is_uuid() {
    printf %s "$1" | grep -Eqx '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
}

knows() {
    [ -e "$STANDINS/$host-$1" ]
}

learn() {
    : >"$STANDINS/$host-$1"
}

# An id for those that choose it themselves.
next_id() {
    printf '%s%012d' "$1" $$
}

# Leaves with status 1 where the work is to fail; hangs where it is to hang.
work() {
    item=$(printf %s "$prompt" | grep -Eo '[A-Z]+-[0-9]+' | head -n 1)
    if [ -e "$STANDINS/$item.hang" ]; then
        rm "$STANDINS/$item.hang"
        : >"$STANDINS/$item.hangs"
        exec sleep 600
    fi
    [ ! -e "$STANDINS/$item.fail" ]
}
