// Holds recorded exchanges against Notion's own OpenAPI document.
//   node openapi.mjs DOCUMENT RECORD
// RECORD is what the simulator writes (NOTIONSIM_RECORD, or the setting "record"): requests that were not refused with 400,
// answers, errors and webhooks are validated. Prints a line per kind of exchange, "ok - what (N)" or "not ok - what", and "done N".
//
// What the document is known to get wrong is put right here, and nothing else is excused:
// 1. allOf joins objects that each forbid other keys, which nothing satisfies: the members are opened, the whole is closed.
// 2. request_id comes with every answer; request_status with queries; has_more with relations. None is in the document.
// 3. Strings are typed date, date-time or uuid that need not be: formats are not checked.
// 4. Data sources show properties of the types button, verification, place and unsupported; pages those of unsupported;
//    formulas and rollups the type unsupported.
// 5. Queries take is_archived; pages take filter_properties in the query string when they are written.
// 6. The items of a people property do not know groups.
// 7. Errors of OAuth may have the field `error` of RFC 6749, of which the guide speaks, besides `code`.
// 8. 502 and 529 do not occur, nor the codes that came later; such errors must have the common shape.
import { readFileSync } from "node:fs"
import Ajv2020 from "ajv/dist/2020.js"

const [document, record] = process.argv.slice(2)
const oas = JSON.parse(readFileSync(document, "utf8"))
const schemas = oas.components.schemas
const opened = new Set()

function open(schema) {
    if (schema.$ref) {
        const name = schema.$ref.split("/").pop()
        if (!opened.has(name)) {
            opened.add(name)
            schemas[`${name}__open`] = open(schemas[name])
        }
        return { $ref: `#/components/schemas/${name}__open` }
    }
    const copy = { ...schema }
    delete copy.unevaluatedProperties
    if (copy.additionalProperties === false) {
        delete copy.additionalProperties
    }
    for (const key of ["oneOf", "anyOf", "allOf"]) {
        if (copy[key]) {
            copy[key] = copy[key].map(open)
        }
    }
    return copy
}

function repair(node, seen = new Set()) {
    if (!node || typeof node !== "object" || seen.has(node)) {
        return
    }
    seen.add(node)
    for (const value of Object.values(node)) {
        repair(value, seen)
    }
    if (!Array.isArray(node) && Array.isArray(node.allOf)) {
        node.allOf = node.allOf.map(open)
        node.unevaluatedProperties = false
    }
}

const names = Object.keys(schemas)
repair(oas.paths)
names.forEach(name => repair(schemas[name]))
const query = oas.paths["/v1/data_sources/{data_source_id}/query"].post.requestBody.content["application/json"].schema
query.properties.is_archived = { type: "boolean" }

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
ajv.addSchema({ $id: "oas", ...oas })
const compiled = new Map()

function problems(pointer, value) {
    if (!compiled.has(pointer)) {
        compiled.set(pointer, ajv.compile({ $ref: `oas#${pointer}` }))
    }
    const validate = compiled.get(pointer)
    return validate(value) ? [] : validate.errors
}

const unknownTypes = new Set(["button", "verification", "place", "unsupported"])

function excuse(node) {
    if (!node || typeof node !== "object") {
        return node
    }
    if (node.type === "relation" && Array.isArray(node.relation)) {
        delete node.has_more
    }
    for (const [key, value] of Object.entries(node.object === "page" || node.object === "data_source" ? node.properties ?? {} : {})) {
        const odd = node.object === "data_source" ? unknownTypes.has(value.type)
            : value.type === "unsupported" || value[value.type]?.type === "unsupported"
        if (odd) {
            delete node.properties[key]
        }
    }
    if (node.type === "property_item" && Array.isArray(node.results)) {
        node.results = node.results.filter(item => item.people?.object !== "group")
    }
    Object.values(node).forEach(excuse)
    return node
}

const paths = Object.keys(oas.paths).map(path => [path, new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`)])
const escape = text => text.replaceAll("~", "~0").replaceAll("/", "~1")
const kinds = new Map()

function note(kind, errors, value) {
    const entry = kinds.get(kind) ?? { count: 0, failed: 0 }
    kinds.set(kind, entry)
    entry.count++
    if (errors.length && !entry.failed++) {
        entry.errors = errors
        entry.value = value
    }
}

function checkApi(exchange) {
    const [path] = paths.filter(([, re]) => re.test(exchange.path)).sort((a, b) => a[0].includes("{") - b[0].includes("{"))[0] ?? []
    const method = exchange.method.toLowerCase()
    const operation = path && oas.paths[path][method]
    if (!operation) {
        if (exchange.status === 200) {
            note(`${exchange.method} ${exchange.path}`, [{ message: "is not in the document" }])
        }
        return
    }
    const where = `/paths/${escape(path)}/${method}`
    const what = `${exchange.method} ${path}`
    if (exchange.status !== 400 && exchange.request !== null && operation.requestBody) {
        note(`${what}: request`, problems(`${where}/requestBody/content/application~1json/schema`, exchange.request), exchange.request)
    }
    const answer = exchange.response
    if (typeof answer !== "object" || answer === null || exchange.version !== "2026-03-11") {
        return              // HTML from the edge, a cut connection, or another version than the document's
    }
    if (typeof answer.request_id !== "string" && exchange.status) {
        note(`${what}: ${exchange.status}`, [{ message: "has no request_id" }], answer)
    }
    delete answer.request_id
    delete answer.request_status
    if (path.startsWith("/v1/oauth/") && exchange.status >= 400) {
        delete answer.error
    }
    const documented = operation.responses[exchange.status]
    if (documented && answer.code !== "database_connection_unavailable") {
        note(`${what}: ${exchange.status}`, problems(`${where}/responses/${exchange.status}/content/application~1json/schema`, excuse(answer)), answer)
    } else if (exchange.status >= 400) {
        note(`${what}: ${exchange.status}`, problems("/components/schemas/publicApiCommonErrorResponse__open", answer), answer)
    }
}

function checkHook(hook) {
    if (hook.body?.verification_token) {
        return
    }
    const name = String(hook.body?.type).split(/[._]/).map((part, i) => (i ? part[0].toUpperCase() + part.slice(1) : part)).join("")
    const schema = `${name}WebhookPayload`
    note(`webhook ${hook.body?.type}`, schemas[schema] ? problems(`/components/schemas/${schema}`, hook.body)
        : [{ message: `no ${schema} in the document` }], hook.body)
}

for (const line of readFileSync(record, "utf8").split("\n").filter(Boolean)) {
    const exchange = JSON.parse(line)
    if (exchange.kind === "api") {
        checkApi(exchange)
    } else {
        checkHook(exchange)
    }
}
for (const [kind, entry] of [...kinds].sort()) {
    console.log(`${entry.failed ? "not ok" : "ok"} - ${kind} (${entry.count})`)
    for (const error of (entry.errors ?? []).filter(e => e.keyword !== "oneOf" && e.keyword !== "anyOf").slice(0, 15)) {
        console.log(`# ${error.instancePath ?? ""} ${error.message} ${JSON.stringify(error.params ?? {}).slice(0, 120)}`)
    }
    if (entry.failed) {
        console.log(`# in ${JSON.stringify(entry.value).slice(0, 2000)}`)
    }
}
console.log(`done ${kinds.size}`)
