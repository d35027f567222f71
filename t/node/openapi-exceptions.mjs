// What Notion's OpenAPI document gets wrong. openapi.mjs takes from an exchange what is named here, and holds the rest against the
// document: nothing else is excused. t/server/openapi.t fails if one of these is not needed any more, or says nothing of where it is from.
//
// An exception is of one of two kinds:
//   item           it is in the list of known errors that came with the document (`listed`: its numbers, in our words)
//   contradiction  the document contradicts itself: what one schema has, another leaves out of the same thing. Looked up in it each time.

export const listed = {
    0: "describes version 2026-03-11 only",
    1: "lacks what came later: request_status, allow_async, async tasks, filter_properties of writes, in_trash and relevance of searches, "
        + "position of insert_content, agents as parents, unsupported and incomplete values",
    2: "errors: lacks 502, 529 and newer codes; error objects forbid further keys, though request_id is returned",
    3: "the query's body lists in_trash, not is_archived",
    4: "start_cursor is typed as uuid in queries, searches and children of blocks; cursors are opaque",
    5: "strings of dates are typed date though times are valid; e-mail and phone have 100 characters at most instead of 200",
    6: "a page's relation lacks has_more",
    7: "authors of webhooks omit agents",
    8: "names of operations are historical",
    9: "many schemas of answers forbid further keys; answers get new ones without a new version",
}

const pageWrites = ["POST /v1/pages", "PATCH /v1/pages/{page_id}"]
const cursors = ["POST /v1/data_sources/{data_source_id}/query", "POST /v1/search", "GET /v1/blocks/{block_id}/children"]
const oneUuid = "00000000-0000-4000-8000-000000000000"
const dateKeys = ["start", "end", "equals", "before", "after", "on_or_before", "on_or_after"]
const newCodes = ["invalid_beta", "database_connection_unavailable", "row_limit_exceeded"]
const newTypes = ["button", "verification", "place", "location", "last_visited_time"]

// Does it apply to the value, or to any object below? All are visited.
function some(value, visit) {
    if (!value || typeof value !== "object") {
        return false
    }
    let used = !Array.isArray(value) && visit(value)
    for (const below of Object.values(value)) {
        used = some(below, visit) || used
    }
    return used
}

function drop(object, key) {
    const had = object !== null && typeof object === "object" && key in object
    if (had) {
        delete object[key]
    }
    return had
}

function dropProperties(kind, value, isOdd) {
    return some(value, object => {
        const odd = object.object === kind ? Object.entries(object.properties ?? {}).filter(([, property]) => isOdd(property)) : []
        odd.forEach(([name]) => delete object.properties[name])
        return odd.length > 0
    })
}

const isUnsupported = property => property?.type === "unsupported" || property?.[property.type]?.type === "unsupported"

// apply: of an exchange, which it changes; whether it was needed. An exchange is what the simulator records, with `operation` ("GET /v1/users"),
// `params` (of the query string: [[name, value]]) and `excused` (its status is not in the document).
export const exceptions = [
    {
        id: "version", item: 0, why: "2025-09-03 is accepted too: its answers say `archived` beside in_trash, and its requests may; blocks were appended `after` one",
        apply: x => x.version === "2025-09-03"
            && [drop(x.request, "archived"), x.operation === "PATCH /v1/blocks/{block_id}/children" && drop(x.request, "after"), some(x.response, object => "in_trash" in object && drop(object, "archived"))].some(Boolean),
    },
    { id: "request_status", item: 1, why: "says whether a listing was cut", apply: x => some(x.response, object => object.object === "list" && drop(object, "request_status")) },
    {
        id: "unsupported", item: 1, why: "a value or a whole property of which Notion says no more; the schema shows such a property too",
        apply: x => [dropProperties("page", x.response, isUnsupported), dropProperties("data_source", x.response, isUnsupported)].some(Boolean),
    },
    {
        id: "filter_properties", item: 1, why: "whoever writes a page is answered with as much as whoever reads it",
        apply: x => {
            const before = x.params.length
            x.params = pageWrites.includes(x.operation) ? x.params.filter(([name]) => !/^filter_properties(\[\])?$/.test(name)) : x.params
            return x.params.length < before
        },
    },
    { id: "error_status", item: 2, why: "502 and 529 are held against what all errors have in common", apply: x => (x.excused = [502, 529].includes(x.status)) },
    {
        id: "error_code", item: 2, why: "so are errors with codes that came later",
        apply: x => newCodes.includes(x.response?.code) && (x.excused = x.status >= 400),
    },
    { id: "error_request_id", item: 2, why: "returned with errors", apply: x => x.status >= 400 && drop(x.response, "request_id") },
    { id: "error_closed", item: 2, why: "its two halves forbid each other's keys; we forbid what neither has", opens: status => status >= 400 },
    {
        id: "is_archived", item: 3, why: "lists archived pages",
        apply: x => x.operation === cursors[0] && drop(x.request, "is_archived"),
    },
    {
        id: "cursor", item: 4, why: "replaced by a uuid",
        apply: x => {
            let used = false
            if (cursors.includes(x.operation) && typeof x.request?.start_cursor === "string") {
                x.request.start_cursor = oneUuid
                used = true
            }
            x.params.filter(([name]) => cursors.includes(x.operation) && name === "start_cursor").forEach(param => {
                param[1] = oneUuid
                used = true
            })
            return used
        },
    },
    {
        id: "date", item: 5, why: "a time is cut to its date",
        apply: x => [x.request, x.response].map(side => some(side, object => {
            const times = dateKeys.filter(key => /^\d{4}-\d\d-\d\dT/.test(object[key]))
            times.forEach(key => { object[key] = object[key].slice(0, 10) })
            return times.length > 0
        })).some(Boolean),
    },
    {
        id: "email", item: 5, why: "up to 200 characters are cut to 100",
        apply: x => [x.request, x.response].map(side => some(side, object => {
            const long = ["email", "phone_number"].filter(key => typeof object[key] === "string" && object[key].length > 100 && object[key].length <= 200)
            long.forEach(key => { object[key] = object[key].slice(0, 100) })
            return long.length > 0
        })).some(Boolean),
    },
    { id: "has_more", item: 6, why: "says that a page shows a part", apply: x => some(x.response, object => Array.isArray(object.relation) && object.type === "relation" && drop(object, "has_more")) },
    {
        id: "closed", item: 9, why: "parts that are joined forbid each other's keys; we forbid what none has",
        opens: status => status < 400,
    },
    {
        id: "novelty", item: 9, why: "stands for whatever Notion adds to its answers (the setting novelties)",
        apply: x => [some(x.response, object => drop(object, "novelty")), drop(x.response, "novelty_of_answers")].some(Boolean),
    },
    { id: "request_id", item: 9, why: "returned with everything", apply: x => x.status < 400 && drop(x.response, "request_id") },
    {
        id: "oauth_error", item: 9, why: "the guide speaks of `error` (RFC 6749), so both are sent",
        apply: x => x.status >= 400 && x.operation.includes("/v1/oauth/") && drop(x.response, "error"),
    },
    {
        id: "schema_types", why: "requests may make properties of these types, and pages show their values, but no schema that is answered has them",
        contradiction: schemas => newTypes.every(type => JSON.stringify(schemas.propertyConfigurationRequest ?? {}).includes(`/${camel(type)}PropertyConfigurationRequest"`)
            && !JSON.stringify(schemas.databasePropertyConfigResponse ?? {}).includes(`/${camel(type)}Database`)),
        apply: x => dropProperties("data_source", x.response, property => newTypes.includes(property?.type)),
    },
]

function camel(name) {
    return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
}
