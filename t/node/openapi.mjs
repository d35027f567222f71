// Holds recorded exchanges against Notion's own OpenAPI document.
//   node openapi.mjs [--exceptions] [--keep FOLDER] DOCUMENT RECORD...
// RECORD is what the simulator writes (NOTIONSIM_RECORD, or the setting "record"). Held against the document are
// - every request of the module, whatever the answer: method, path, parameters, headers, body; of others those that were not refused with 400,
// - every answer and every webhook, but those that were spoilt on purpose.
// Prints a line per kind of exchange, "ok - what (N)" or "not ok - what"; a line "used ID" for each exception (openapi-exceptions.mjs) that
// was needed, and "done N". With --exceptions also a check of each exception: it is needed, and from where it says.
// FOLDER keeps compiled schemas for the next time.
import { readFileSync } from "node:fs"
import { exceptions, listed } from "./openapi-exceptions.mjs"
import { escape, keptValidator, mended, validator } from "./openapi-schema.mjs"

const args = process.argv.slice(2)
const judging = args[0] === "--exceptions" && Boolean(args.shift())
const folder = args[0] === "--keep" && args.shift() ? args.shift() : null
const [document, ...records] = args
const text = readFileSync(document, "utf8")
const oas = JSON.parse(text)
const schemas = oas.components.schemas
const used = new Set()
const kinds = new Map()

const problemsOf = folder ? keptValidator(oas, text, folder) : validator(mended(oas))
const problemsAsPublished = judging ? validator(oas) : null

// Of a value; @status says whose it is: 0 of a request or a webhook.
function problems(pointer, value, status = 0) {
    const found = problemsOf(pointer, value)
    if (judging && !found.length && problemsAsPublished(pointer, value).length) {
        const needed = exceptions.find(one => status && one.opens?.(status))
        if (!needed) {
            return problemsAsPublished(pointer, value)
        }
        used.add(needed.id)
    }
    return found
}

const paths = Object.keys(oas.paths).map(path => [path, new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`)])
    .sort((a, b) => a[0].includes("{") - b[0].includes("{"))
const isOurs = agent => /^(mod_notionsync|worker_host|notion_client|in process|unit)\b/.test(agent ?? "")

function note(kind, errors, value) {
    const entry = kinds.get(kind) ?? { count: 0, failed: 0 }
    kinds.set(kind, entry)
    entry.count++
    if (errors.length && !entry.failed++) {
        entry.errors = errors
        entry.value = structuredClone(value)
    }
}

const says = message => [{ message }]

function paramProblems(x, operation, where) {
    const given = new Map()
    for (const [name, value] of x.params) {
        const plain = name.replace(/\[\]$/, "")
        given.set(plain, [...given.get(plain) ?? [], value])
    }
    const bad = []
    for (const [name, values] of given) {
        const at = operation.parameters.findIndex(parameter => parameter.name === name)
        const schema = operation.parameters[at]?.schema
        if (!schema) {
            bad.push(...says(`the document knows no parameter ${name}`))
            continue
        }
        const value = schema.type === "array" ? values : /^-?\d+$/.test(values[0]) && schema.type !== "string" ? Number(values[0]) : values[0]
        bad.push(...problems(`${where}/parameters/${at}/schema`, value))
    }
    return bad
}

function checkRequest(x, operation, where) {
    const body = operation.requestBody
    const bad = paramProblems(x, operation, where)
    if (!["2026-03-11", "2025-09-03"].includes(x.version) && (isOurs(x.agent) || !x.operation.includes("/v1/oauth/"))) {
        bad.push(...says(`Notion-Version is ${x.version}`))
    }
    if (x.request === null || x.request === undefined) {
        if (body?.required) {
            bad.push(...says("there is no body"))
        }
    } else if (!body) {
        bad.push(...says("there is a body"))
    } else if (!body.content["application/json"]) {
        if (x.json) {
            bad.push(...says("the body is JSON"))
        }
    } else if (!x.json) {
        bad.push(...says("its Content-Type is not application/json"))
    } else {
        bad.push(...problems(`${where}/requestBody/content/application~1json/schema`, x.request))
    }
    note(`${x.operation}: request`, bad, { path: x.path, params: x.params, request: x.request })
}

function checkAnswer(x, operation, where) {
    const kind = `${x.operation}: ${x.status}`
    const answer = x.response
    if (typeof answer !== "object" || answer === null) {
        if (!x.spoilt && !/^text\/html/.test(x.type ?? "")) {       // HTML comes from the edge, not from the API
            note(kind, says("is not JSON"), answer)
        }
        return
    }
    if (!x.hasRequestId) {
        note(kind, says("has no request_id"), answer)
    } else if (x.excused) {
        note(kind, problems("/components/schemas/publicApiCommonErrorResponse", answer), answer)
    } else if (!operation.responses[x.status]) {
        note(kind, says("is no status of this operation"), answer)
    } else {
        note(kind, problems(`${where}/responses/${x.status}/content/application~1json/schema`, answer, x.status), answer)
    }
}

function checkApi(x) {
    if (x.version === "2022-06-28" && !isOurs(x.agent)) {
        return              // before data sources: the document has nothing of that
    }
    const [path] = paths.find(([, re]) => re.test(x.path)) ?? []
    const method = x.method.toLowerCase()
    const operation = path && oas.paths[path][method]
    if (!operation) {
        // The page where a browser is asked is none of the API's.
        if (x.path !== "/v1/oauth/authorize" && (x.status === 200 || isOurs(x.agent))) {
            note(`${x.method} ${x.path}`, says("is not in the document"), x)
        }
        return
    }
    x.operation = `${x.method} ${path}`
    x.params = [...new URLSearchParams(x.query)]
    x.excused = false
    x.hasRequestId = typeof x.response?.request_id === "string"
    exceptions.filter(one => one.apply?.(x)).forEach(one => used.add(one.id))
    const where = `/paths/${escape(path)}/${method}`
    if (isOurs(x.agent) || (x.status !== 400 && x.status !== 413)) {
        checkRequest(x, operation, where)
    }
    if (x.status && (x.version === "2026-03-11" || x.version === "2025-09-03" || x.operation.includes("/v1/oauth/"))) {
        checkAnswer(x, operation, where)
    }
}

function checkHook(hook) {
    if (hook.body?.verification_token) {
        return
    }
    const name = String(hook.body?.type).split(/[._]/).map((part, i) => (i ? part[0].toUpperCase() + part.slice(1) : part)).join("")
    const schema = `${name}WebhookPayload`
    note(`webhook ${hook.body?.type}`, schemas[schema] ? problems(`/components/schemas/${schema}`, hook.body)
        : says(`no ${schema} in the document`), hook.body)
}

function judgeExceptions() {
    for (const one of exceptions) {
        note(`exception ${one.id} is needed`, used.has(one.id) ? [] : says("nothing needed it"), one.why)
        const known = one.contradiction ? one.contradiction(schemas) : one.item in listed
        note(`exception ${one.id} is ${one.contradiction ? "a contradiction in the document" : `number ${one.item} of the list`}`,
            known && one.why ? [] : says("it is not"), one.why)
    }
}

for (const record of records) {
    for (const line of readFileSync(record, "utf8").split("\n").filter(Boolean)) {
        const exchange = JSON.parse(line)
        if (exchange.kind === "api") {
            checkApi(exchange)
        } else {
            checkHook(exchange)
        }
    }
}
if (judging) {
    judgeExceptions()
}
for (const [kind, entry] of [...kinds].sort()) {
    console.log(`${entry.failed ? "not ok" : "ok"} - ${kind} (${entry.count})`)
    for (const error of (entry.errors ?? []).filter(e => e.keyword !== "oneOf" && e.keyword !== "anyOf").slice(0, 15)) {
        console.log(`# ${error.instancePath ?? ""} ${error.message} ${JSON.stringify(error.params ?? {}).slice(0, 120)}`)
    }
    if (entry.failed) {
        console.log(`# ${entry.failed} times; first in ${JSON.stringify(entry.value).slice(0, 2000)}`)
    }
}
[...used].sort().forEach(id => console.log(`used ${id}`))
console.log(`done ${kinds.size}`)
