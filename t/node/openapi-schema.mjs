// Validators of the schemas of Notion's OpenAPI document, by JSON pointer: validate(pointer, value) is the list of what is wrong.
// Compiling them takes most of the time that looking at a test's exchanges would take, so all are kept as a program in a folder.
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const require = createRequire(import.meta.url)

const formats = {
    uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    date: /^\d{4}-\d\d-\d\d$/,
    "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/,
}

export const escape = text => text.replaceAll("~", "~0").replaceAll("/", "~1")

// allOf joins objects of which one forbids further keys, and so all that the other has: the parts are opened, the whole is closed.
export function mended(oas) {
    const copy = structuredClone(oas)
    const schemas = copy.components.schemas
    const done = new Set()
    const seen = new Set()
    function open(schema) {
        if (schema.$ref) {
            const name = schema.$ref.split("/").pop()
            if (!done.has(name)) {
                done.add(name)
                schemas[`${name}__open`] = open(schemas[name])
            }
            return { $ref: `#/components/schemas/${name}__open` }
        }
        const opened = { ...schema }
        delete opened.unevaluatedProperties
        if (opened.additionalProperties === false) {
            delete opened.additionalProperties
        }
        for (const key of ["oneOf", "anyOf", "allOf"]) {
            if (opened[key]) {
                opened[key] = opened[key].map(open)
            }
        }
        return opened
    }
    function close(node) {
        if (!node || typeof node !== "object" || seen.has(node)) {
            return
        }
        seen.add(node)
        Object.values(node).forEach(close)
        if (!Array.isArray(node) && Array.isArray(node.allOf)) {
            node.allOf = node.allOf.map(open)
            node.unevaluatedProperties = false
        }
    }
    const names = Object.keys(schemas)
    close(copy.paths)
    names.forEach(name => close(schemas[name]))
    return copy
}

export function validator(oas) {
    const Ajv2020 = require("ajv/dist/2020.js").default
    const ajv = new Ajv2020({ strict: false, allErrors: true, formats, code: { optimize: false } })
    ajv.addSchema({ $id: "oas", ...oas })
    const compiled = new Map()
    return (pointer, value) => {
        if (!compiled.has(pointer)) {
            compiled.set(pointer, ajv.compile({ $ref: `oas#${pointer}` }))
        }
        const validate = compiled.get(pointer)
        return validate(value) ? [] : validate.errors
    }
}

// All that an exchange or a webhook is held against.
function pointers(oas) {
    const all = ["/components/schemas/publicApiCommonErrorResponse"]
    const json = "content/application~1json/schema"
    for (const [path, item] of Object.entries(oas.paths)) {
        for (const [method, operation] of Object.entries(item)) {
            const where = `/paths/${escape(path)}/${method}`
            const answers = Object.keys(operation.responses).filter(status => operation.responses[status].content["application/json"])
            all.push(...(operation.requestBody?.content["application/json"] ? [`${where}/requestBody/${json}`] : []),
                ...answers.map(status => `${where}/responses/${status}/${json}`),
                ...(operation.parameters ?? []).map((parameter, i) => `${where}/parameters/${i}/schema`))
        }
    }
    return [...all, ...Object.keys(oas.components.schemas).filter(name => name.endsWith("WebhookPayload")).map(name => `/components/schemas/${name}`)]
}

function program(oas) {
    const Ajv2020 = require("ajv/dist/2020.js").default
    const { _ } = require("ajv/dist/compile/codegen/index.js")
    const standalone = require("ajv/dist/standalone/index.js").default
    const written = Object.entries(formats).map(([name, format]) => `${JSON.stringify(name)}: ${format}`).join(", ")
    const ajv = new Ajv2020({ strict: false, allErrors: true, formats, code: { source: true, optimize: false, formats: _`FORMATS` } })
    ajv.addSchema({ $id: "oas", ...oas })
    const names = Object.fromEntries(pointers(oas).map((pointer, i) => {
        ajv.addSchema({ $id: `v${i}`, $ref: `oas#${pointer}` })
        return [`v${i}`, `v${i}`]
    }))
    return `const FORMATS = { ${written} };\n${standalone(ajv, names)}`
}

// The same of the mended document, from the folder, which belongs to us; made there if it is not the one of this document.
export function keptValidator(oas, text, folder) {
    const self = fileURLToPath(import.meta.url)
    const file = join(folder, `${createHash("sha256").update(text).update(readFileSync(self)).digest("hex").slice(0, 16)}.cjs`)
    if (!existsSync(file)) {
        mkdirSync(folder, { recursive: true })
        writeFileSync(`${file}.${process.pid}`, program(mended(oas)))
        renameSync(`${file}.${process.pid}`, file)
    }
    // What it needs of ajv lies beside us, not beside it.
    const module = { exports: {} }
    new Function("module", "exports", "require", readFileSync(file, "utf8"))(module, module.exports, require)
    const at = new Map(pointers(oas).map((pointer, i) => [pointer, module.exports[`v${i}`]]))
    return (pointer, value) => {
        const validate = at.get(pointer)
        return validate(value) ? [] : validate.errors
    }
}
