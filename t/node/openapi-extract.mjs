// Makes t/node/notion-api.json of Notion's OpenAPI document (https://developers.notion.com/openapi.json):
//   node openapi-extract.mjs DOCUMENT AS-OF > notion-api.json
// Keeps what openapi.mjs holds exchanges against: the operations that the module and its simulator know, the payloads of
// webhooks, and the schemas that these lead to; of schemas only what validates, no prose, no examples.
import { readFileSync } from "node:fs"

const operations = [
    "get /v1/users", "get /v1/users/me", "get /v1/users/{user_id}", "post /v1/search",
    "post /v1/pages", "get /v1/pages/{page_id}", "patch /v1/pages/{page_id}", "get /v1/pages/{page_id}/properties/{property_id}",
    "get /v1/pages/{page_id}/markdown", "patch /v1/pages/{page_id}/markdown",
    "get /v1/data_sources/{data_source_id}", "patch /v1/data_sources/{data_source_id}", "post /v1/data_sources/{data_source_id}/query",
    "post /v1/data_sources", "get /v1/databases/{database_id}", "patch /v1/databases/{database_id}", "post /v1/databases",
    "get /v1/blocks/{block_id}/children", "patch /v1/blocks/{block_id}/children",
    "post /v1/file_uploads", "get /v1/file_uploads/{file_upload_id}", "post /v1/file_uploads/{file_upload_id}/send", "post /v1/file_uploads/{file_upload_id}/complete",
    "post /v1/oauth/token", "post /v1/oauth/introspect", "post /v1/oauth/revoke",
]
const prose = new Set(["description", "title", "summary", "example", "examples", "externalDocs", "tags", "operationId", "security"])

const oas = JSON.parse(readFileSync(process.argv[2], "utf8"))

// Names of properties are data, not keywords: a property may be called "title".
function strip(node, names = false) {
    if (Array.isArray(node)) {
        return node.map(item => strip(item))
    }
    if (!node || typeof node !== "object") {
        return node
    }
    return Object.fromEntries(Object.entries(node)
        .filter(([key]) => names || !(prose.has(key) || key.startsWith("x-")))
        .map(([key, value]) => [key, ["enum", "const", "required"].includes(key) && !names ? value
            : strip(value, !names && (key === "properties" || key === "patternProperties"))]))
}

function typed(content = {}) {
    return Object.fromEntries(Object.entries(content).map(([type, body]) => [type, type === "application/json" ? strip(body) : {}]))
}

const paths = {}
for (const line of operations) {
    const [method, path] = line.split(" ")
    const operation = oas.paths[path]?.[method]
    if (!operation) {
        throw new Error(`the document has no ${line}`)
    }
    const kept = { parameters: operation.parameters.filter(parameter => parameter.in === "query").map(parameter => strip(parameter)), responses: {} }
    if (operation.requestBody) {
        kept.requestBody = { required: operation.requestBody.required ?? false, content: typed(operation.requestBody.content) }
    }
    for (const [status, response] of Object.entries(operation.responses)) {
        kept.responses[status] = { content: typed(response.content) }
    }
    paths[path] = { ...paths[path], [method]: kept }
}

const schemas = {}
function follow(node) {
    if (!node || typeof node !== "object") {
        return
    }
    if (typeof node.$ref === "string") {
        take(node.$ref.split("/").pop())
    }
    Object.values(node).forEach(follow)
}
function take(name) {
    if (!schemas[name] && oas.components.schemas[name]) {
        schemas[name] = strip(oas.components.schemas[name])
        follow(schemas[name])
    }
}
follow(paths)
Object.keys(oas.components.schemas).filter(name => name.endsWith("WebhookPayload")).forEach(take)
take("publicApiCommonErrorResponse")

const info = {
    title: `Extract of ${oas.info.title} ${oas.info.version}`, version: oas.info.version,
    source: "https://developers.notion.com/openapi.json", as_of: process.argv[3],
    made_by: "t/node/openapi-extract.mjs",
}
const lines = Object.keys(schemas).sort().map(name => `${JSON.stringify(name)}:${JSON.stringify(schemas[name])}`)
console.log(`{"openapi":${JSON.stringify(oas.openapi)},\n"info":${JSON.stringify(info)},\n"paths":{\n${
    Object.entries(paths).map(([path, item]) => `${JSON.stringify(path)}:${JSON.stringify(item)}`).join(",\n")
}},\n"components":{"schemas":{\n${lines.join(",\n")}}}}`)
