// A session of Notion's official client against the simulator (t/server/official-client.t starts it and counts).
//   node official-client.mjs SIMULATOR-URL
// Prints a line per check, "ok - what" or "not ok - what", and "done N" at the end.
import { createServer } from "node:http"
import {
    APIErrorCode, APIResponseError, Client, collectAllDataSourceRows, collectPaginatedAPI, isFullBlock, isFullDatabase, isFullDataSource,
    isFullPage, isFullUser, isHTTPResponseError, iteratePaginatedAPI, signWebhookPayload, UnknownHTTPResponseError,
    verifyWebhookSignature,
} from "@notionhq/client"

const base = process.argv[2]
const version = "2026-03-11"
const quiet = () => {}
const notion = makeClient({ retry: { maxRetries: 2, initialRetryDelayMs: 10 } })
const impatient = makeClient({ retry: false })
let checks = 0

function makeClient(options) {
    return new Client({ auth: "ntn_sim_token", baseUrl: base, notionVersion: version, logger: quiet, ...options })
}

function ok(condition, what, found) {
    checks++
    console.log(`${condition ? "ok" : "not ok"} - ${what}`)
    if (!condition && found !== undefined) {
        console.log(`# ${JSON.stringify(found)}`)
    }
}

function is(found, wanted, what) {
    const [f, w] = [JSON.stringify(found), JSON.stringify(wanted)]
    ok(f === w, what, { found, wanted })
}

async function control(method, path, body) {
    const answer = await fetch(`${base}/_control/${path}`, { method, body: body && JSON.stringify(body) })
    const json = await answer.json()
    if (answer.status !== 200) {
        throw new Error(`${method} ${path}: ${JSON.stringify(json)}`)
    }
    return json
}

async function errorOf(promise) {
    try {
        return { answer: await promise }
    } catch (error) {
        return error
    }
}

async function waitFor(condition, what) {
    for (const end = Date.now() + 20000; Date.now() < end; ) {
        const value = await condition()
        if (value) {
            return value
        }
        await new Promise(resolve => setTimeout(resolve, 20))
    }
    ok(false, `${what} (waited 20 s)`)
}

const text = content => [{ text: { content } }]
const plain = items => items.map(item => item.plain_text).join("")

const schema = {
    Name: { type: "title" }, Notes: { type: "rich_text" }, Amount: { type: "number", format: "euro" },
    Stage: { type: "status", options: ["Lead", "Won"] }, Kind: { type: "select", options: ["A", "B"] },
    Tags: { type: "multi_select", options: ["red"] }, Due: { type: "date" }, Paid: { type: "checkbox" },
    Site: { type: "url" }, Mail: { type: "email" }, Phone: { type: "phone_number" }, Owner: { type: "people" },
    Files: { type: "files" }, Parts: { type: "relation", data_source: "self" },
    Total: { type: "formula", expression: "42", value: 42 }, No: { type: "unique_id", prefix: "ORD" },
}

async function users(world) {
    const me = await notion.users.me({})
    is([me.type, me.id], ["bot", world.tokens[0].bot_id], "users.me is the bot")
    is(me.bot.workspace_name, "Acme", "with its workspace")
    const all = await collectPaginatedAPI(notion.users.list, { page_size: 2 })
    is(all.map(user => user.name), ["Ada", "Ben", "sim"], "users.list, two at a time")
    ok(all.every(isFullUser), "all of them full users")
    is((await notion.users.retrieve({ user_id: world.users[0].id })).person.email, "ada@example.org", "users.retrieve")
}

async function schemas(made) {
    const database = await notion.databases.retrieve({ database_id: made.database_id })
    ok(isFullDatabase(database), "databases.retrieve gives a full database")
    is(database.data_sources, [{ id: made.id, name: "Orders" }], "and names its data source")
    const source = await notion.dataSources.retrieve({ data_source_id: made.id })
    ok(isFullDataSource(source), "dataSources.retrieve gives a full data source")
    is(Object.keys(source.properties).sort(), Object.keys(schema).sort(), "with all properties")
    is(source.properties.Stage.status.options.map(o => o.name), ["Lead", "Won"], "and the options of a status")
    is(Object.values(source.properties).map(p => p.id).sort(), Object.values(made.properties).sort(), "ids as announced")
    ok(Object.values(source.properties).some(p => p.id.includes("%")), "some of them percent-encoded")
    const changed = await notion.dataSources.update({
        data_source_id: made.id, properties: { Kind: { select: { options: [{ name: "A" }, { name: "C" }] } }, Extra: { date: {} } },
    })
    is(changed.properties.Kind.select.options.map(o => o.name), ["A", "C"], "dataSources.update: an option left out is gone")
    is(changed.properties.Extra.type, "date", "a property is added")
    is((await notion.dataSources.update({ data_source_id: made.id, properties: { Extra: null } })).properties.Extra, undefined,
       "and removed")
}

async function pages(made, world) {
    const ada = world.users[0].id
    const page = await notion.pages.create({
        parent: { type: "data_source_id", data_source_id: made.id },
        properties: {
            Name: { title: text("First") },
            Notes: { rich_text: [...text("plain "), { text: { content: "bold" }, annotations: { bold: true } }] },
            Amount: { number: 12.5 }, Stage: { status: { name: "won" } }, Kind: { select: { name: "New" } },
            Tags: { multi_select: [{ name: "red" }, { name: "blue" }] },
            Due: { date: { start: "2026-07-01T10:30:00", time_zone: "America/New_York" } }, Paid: { checkbox: true },
            Site: { url: "https://example.org/" }, Mail: { email: "a@example.org" }, Phone: { phone_number: "+49 1" },
            Owner: { people: [{ id: ada }] }, Files: { files: [{ name: "f", external: { url: "https://example.org/f" } }] },
        },
    })
    ok(isFullPage(page), "pages.create gives a full page")
    const p = page.properties
    is(plain(p.Name.title), "First", "title")
    is(p.Notes.rich_text.map(item => [item.plain_text, item.annotations.bold]), [["plain ", false], ["bold", true]], "rich text")
    is(p.Amount.number, 12.5, "number")
    is(p.Stage.status.name, "Won", "status, matched without regard to case")
    is(p.Kind.select.name, "New", "an unknown select option is made")
    is(p.Tags.multi_select.map(o => o.name), ["red", "blue"], "multi-select")
    is(p.Due.date, { start: "2026-07-01T10:30:00.000-04:00", end: null, time_zone: null }, "date: the zone became an offset")
    is(p.Owner.people[0].person.email, "ada@example.org", "people")
    is(p.Files.files[0].external.url, "https://example.org/f", "files")
    is([p.Total.formula.number, p.No.unique_id], [42, { prefix: "ORD", number: 1 }], "formula and unique id")
    is(page.created_time.slice(16), ":00.000Z", "time is floored to the minute")
    is(new URL(page.url).host, "app.notion.com", "address")

    const updated = await notion.pages.update({
        page_id: page.id,
        properties: { [p.Amount.id]: { number: null }, Parts: { relation: [{ id: page.id }] }, Kind: { select: null } },
    })
    is([updated.properties.Amount.number, updated.properties.Kind.select, updated.properties.Parts.relation],
       [null, null, [{ id: page.id }]], "pages.update by id and by name")
    is(Object.keys((await notion.pages.retrieve({ page_id: page.id, filter_properties: ["title", p.Amount.id] })).properties),
       ["Name", "Amount"], "filter_properties")

    const names = await collectPaginatedAPI(notion.pages.properties.retrieve, { page_id: page.id, property_id: "title" })
    is(names.map(item => item.title.plain_text), ["First"], "a title as a property item list")
    is((await notion.pages.properties.retrieve({ page_id: page.id, property_id: p.Amount.id })).number, null,
       "a number as a property item; its id goes into the path as it came")

    ok((await notion.pages.update({ page_id: page.id, in_trash: true })).in_trash, "trashed")
    const refused = await errorOf(notion.pages.update({ page_id: page.id, properties: { Amount: { number: 1 } } }))
    is(refused.code, APIErrorCode.ValidationError, "a trashed page cannot be edited")
    is((await notion.pages.retrieve({ page_id: page.id })).in_trash, true, "but retrieved")
    is((await notion.pages.update({ page_id: page.id, in_trash: false })).in_trash, false, "restored")
    is((await notion.blocks.children.list({ block_id: page.id })).results, [], "its body is empty")
    return page
}

async function blocks(page) {
    const block_id = page.id
    const made = await notion.blocks.children.append({ block_id, children: [
        { heading_2: { rich_text: text("Plan") } },
        { bulleted_list_item: { rich_text: text("one"), children: [{ paragraph: { rich_text: text("below") } }] } },
        { code: { rich_text: text("a\nb"), language: "c" } },
    ] })
    ok(made.results.every(isFullBlock), "blocks.children.append gives full blocks")
    const first = await notion.blocks.children.append({ block_id, children: [{ divider: {} }], position: { type: "start" } })
    const after = { type: "after_block", after_block: { id: made.results[1].id } }
    const middle = await notion.blocks.children.append({ block_id, children: [{ to_do: { rich_text: text("do"), checked: true } }], position: after })
    const all = await collectPaginatedAPI(notion.blocks.children.list, { block_id, page_size: 2 })
    is(all.map(block => block.type), ["divider", "heading_2", "bulleted_list_item", "to_do", "code"], "each where its position says")
    is(all.map(block => block.id), [first.results[0], made.results[0], made.results[1], middle.results[0], made.results[2]].map(block => block.id),
       "the blocks that were answered")
    const below = (await notion.blocks.children.list({ block_id: made.results[1].id })).results
    is([made.results[1].has_children, plain(below[0].paragraph.rich_text), below[0].parent.block_id], [true, "below", made.results[1].id], "children of a block")
    const older = makeClient({ notionVersion: "2025-09-03" })
    const late = await older.blocks.children.append({ block_id, children: [{ divider: {} }], after: first.results[0].id })
    is((await notion.blocks.children.list({ block_id })).results[1].id, late.results[0].id, "2025-09-03: `after` says where")
    is((await errorOf(notion.request({ path: `blocks/${block_id}/children`, method: "patch", body: { children: [{ divider: {} }], after: block_id } }))).code,
       APIErrorCode.ValidationError, "2026-03-11: it is refused")
    is((await notion.pages.retrieveMarkdown({ page_id: block_id })).markdown, "---\n---\n## Plan\n- one\n\tbelow\n- [x] do\n```c\na\nb\n```",
       "pages.retrieveMarkdown shows them")
}

// What a page shows in part, and in full by itself; lists that are written; what is refused, in Notion's words.
async function values(made) {
    const more = await control("POST", "pages", { data_source: made.id, pages: Array.from({ length: 30 }, (_, i) => ({ properties: { Name: `T ${i}` } })) })
    const ids = more.ids
    const page = await notion.pages.create({ parent: { data_source_id: made.id }, properties: { Name: { title: text("Many") }, Parts: { relation: ids.map(id => ({ id })) } } })
    is([page.properties.Parts.relation.length, page.properties.Parts.has_more], [25, true], "a page shows 25 of a relation, and that there are more")
    const all = await collectPaginatedAPI(notion.pages.properties.retrieve, { page_id: page.id, property_id: page.properties.Parts.id, page_size: 20 })
    is(all.map(item => item.relation.id).sort(), [...ids].sort(), "all as property items")
    const fewer = await notion.pages.update({ page_id: page.id, properties: { Parts: { relation: [{ id: ids[0] }] } } })
    is(fewer.properties.Parts.relation, [{ id: ids[0] }], "a list that is written replaces what was there")
    for (const [what, properties, words] of [
        ["an empty text for none", { Site: { url: "" } }, "body.properties.Site.url.length should be ≥ `1`"],
        ["a text of 2001 characters", { Notes: { rich_text: text("x".repeat(2001)) } }, "should be ≤ `2000`, instead was `2001`"],
        ["101 pieces", { Notes: { rich_text: Array(101).fill(text("x")[0]) } }, "should be ≤ `100`, instead was `101`"],
        ["a status that is none", { Stage: { status: { name: "Nope" } } }, "does not exist"],
        ["what Notion computes", { Total: { formula: {} } }, "body failed validation"],
    ]) {
        const refused = await errorOf(notion.pages.update({ page_id: page.id, properties }))
        ok(refused.code === APIErrorCode.ValidationError && refused.message.includes(words), `refused: ${what}`, refused.message)
    }
    await control("PATCH", `page/${page.id}`, { archived: true })
    const live = await collectPaginatedAPI(notion.dataSources.query, { data_source_id: made.id })
    const archived = await notion.request({ path: `data_sources/${made.id}/query`, method: "post", body: { is_archived: true } })    // the client has no such parameter
    is([live.some(row => row.id === page.id), archived.results.map(row => row.id)], [false, [page.id]], "archived pages are listed by themselves")
    ok((await notion.pages.retrieve({ page_id: page.id })).is_archived, "and retrieved")
    const older = makeClient({ notionVersion: "2025-09-03" })
    const asked = notion.request({ path: `pages/${page.id}`, method: "patch", body: { archived: true } })
    is((await errorOf(asked)).code, APIErrorCode.ValidationError, "2026-03-11: `archived` is refused")
    is((await older.request({ path: `pages/${page.id}`, method: "patch", body: { archived: true } })).archived, true, "2025-09-03: it is the trash")
    await control("PATCH", `page/${ids[1]}`, { shared: false })
    is((await errorOf(notion.pages.retrieve({ page_id: ids[1] }))).code, APIErrorCode.ObjectNotFound, "what is not shared is not there")
    await control("POST", "settings", { latency_ms: 300 })
    const both = await Promise.all([1, 2].map(n => errorOf(impatient.pages.update({ page_id: ids[2], properties: { Phone: { phone_number: String(n) } } }))))
    is(both.map(one => one.code ?? "done").sort(), [APIErrorCode.ConflictError, "done"].sort(), "of two updates at once one is a conflict")
    await control("POST", "settings", { latency_ms: 0 })
    is((await errorOf(makeClient({ notionVersion: "2020-01-01" }).users.me({}))).status, 400, "a version that is none is refused")
}

async function listings(made) {
    await control("POST", "settings", { short_pages: 0.5, query_cap: 40, rate_limit: 0 })
    await control("POST", "pages", { data_source: made.id, count: 130, per_minute: 10, properties: { Name: "P {n}", Amount: "{n}" } })
    const query = { data_source_id: made.id, page_size: 7 }
    const rows = []
    for await (const row of iteratePaginatedAPI(notion.dataSources.query, {
        ...query, filter: { property: "Amount", number: { less_than_or_equal_to: 25 } },
        sorts: [{ property: "Amount", direction: "descending" }],
    })) {
        rows.push(row.properties.Amount.number)
    }
    is(rows, Array.from({ length: 25 }, (_, i) => 25 - i), "filter, sort and paging, with short pages")
    const cut = await collectPaginatedAPI(notion.dataSources.query, query)
    is(cut.length, 40, "a query ends at the cap")
    const first = await notion.dataSources.query(query)
    is(first.request_status, { type: "incomplete", incomplete_reason: "query_result_limit_reached" }, "and says so")
    const all = await collectAllDataSourceRows(notion, query)
    is(new Set(all.map(row => row.id)).size, all.length, "the client's own helper meets no row twice")
    is(all.filter(row => /^P \d/.test(plain(row.properties.Name.title))).length, 130, "and finds all rows beyond the cap")
    const found = await collectPaginatedAPI(notion.search, { query: "P 12", filter: { property: "object", value: "page" } })
    is(found.map(row => plain(row.properties.Name.title)).sort().slice(0, 2), ["P 12", "P 120"], "search by title")
    await control("POST", "settings", { short_pages: 0, query_cap: 10000 })
}

async function errors(made, page) {
    const missing = await errorOf(notion.pages.retrieve({ page_id: "00000000-0000-4000-8000-000000000000" }))
    ok(APIResponseError.isAPIResponseError(missing) && missing.status === 404, "404 is an API error")
    is(missing.code, APIErrorCode.ObjectNotFound, "object_not_found")
    ok(/Could not find page with ID: 00000000-.* "sim"\./.test(missing.message), "in Notion's words", missing.message)
    ok(missing.request_id && missing.request_id === missing.headers.get("x-notion-request-id"), "with its request id")
    const wrong = await errorOf(notion.pages.update({ page_id: page.id, properties: { Nope: { number: 1 }, Amount: { url: "x" } } }))
    is([wrong.status, wrong.code], [400, APIErrorCode.ValidationError], "400 is an API error")
    ok(wrong.message.includes("Nope is not a property that exists.") && wrong.message.includes("Amount is expected to be number."),
       "which names all problems", wrong.message)
    const stranger = await errorOf(notion.users.me({ auth: "ntn_unknown" }))
    is([stranger.status, stranger.code], [401, APIErrorCode.Unauthorized], "401 is an API error")
    await control("POST", "token", { token: "ntn_reader", capabilities: ["read"] })
    const reader = await errorOf(notion.pages.update({ page_id: page.id, auth: "ntn_reader", properties: {} }))
    is([reader.status, reader.code], [403, APIErrorCode.RestrictedResource], "403 for a missing capability")
    for (const [status, code] of [[409, "conflict_error"], [500, "internal_server_error"], [503, "service_unavailable"],
                                  [504, "gateway_timeout"], [529, "service_overload"]]) {
        await control("POST", "fault", { match: { path_regex: "^/v1/pages/" }, action: { status } })
        const error = await errorOf(impatient.pages.retrieve({ page_id: page.id }))
        is([APIResponseError.isAPIResponseError(error), error.status, error.code], [true, status, code], `${status} is an API error`)
    }
    await control("POST", "fault", { action: { status: 502 } })
    const edge = await errorOf(impatient.users.me({}))
    ok(edge instanceof UnknownHTTPResponseError && isHTTPResponseError(edge) && edge.status === 502, "502 is an unknown response")
    is(edge.headers.get("x-notion-request-id"), null, "that never reached the API")
    for (const action of [{ cut_before: true }, { truncate: true }, { bad_json: true }]) {
        await control("POST", "fault", { action })
        const error = await errorOf(impatient.users.me({}))
        ok(error instanceof Error && !isHTTPResponseError(error), `${Object.keys(action)[0]} is no answer at all`, error.answer)
    }
}

async function limits(page) {
    await control("DELETE", "log")
    await control("POST", "fault", { times: 2, action: { status: 429, retry_after: 0 } })
    is((await notion.pages.retrieve({ page_id: page.id })).id, page.id, "the client repeats after 429")
    is((await control("GET", "counts")).status, { 200: 1, 429: 2 }, "three requests were made")
    await control("POST", "fault", { times: 2, action: { status: 503 } })
    is((await notion.pages.retrieve({ page_id: page.id })).id, page.id, "a read is repeated after 503")
    await control("POST", "fault", { times: 1, match: { method: "PATCH" }, action: { status: 503, commit: true } })
    const saved = await errorOf(notion.pages.update({ page_id: page.id, properties: { Amount: { number: 77 } } }))
    is([saved.status, saved.additional_data.committed_resource_id], [503, undefined], "a write is not: it was saved")
    is((await notion.pages.retrieve({ page_id: page.id })).properties.Amount.number, 77, "and shows")

    await control("POST", "settings", { rate_limit: 3, window_ms: 60000 })
    for (let i = 0; i < 3; i++) {
        await impatient.users.me({})
    }
    const limited = await errorOf(impatient.users.me({}))
    is([limited.status, limited.code], [429, APIErrorCode.RateLimited], "the fourth request of a window of three is refused")
    const seconds = limited.headers.get("retry-after")
    ok(/^\d+$/.test(seconds) && Number(seconds) >= 1 && Number(seconds) <= 60, "with seconds to wait", seconds)
    is(limited.additional_data, { rate_limit_reason: "public_api_request_rate_limit", retry_after: seconds }, "also in the body")
    await control("POST", "settings", { rate_limit: 0 })
}

async function webhooks(made, page, world) {
    const received = []
    const server = createServer((request, response) => {
        const chunks = []
        request.on("data", chunk => chunks.push(chunk))
        request.on("end", () => {
            received.push({ body: Buffer.concat(chunks).toString(), signature: request.headers["x-notion-signature"] })
            response.end()
        })
    })
    await new Promise(resolve => server.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${server.address().port}/hook`
    const subscription = await control("POST", "webhook", { url, send_handshake: true })
    const token = JSON.parse(received[0].body).verification_token
    is([subscription.token, subscription.state, subscription.handshake.status], [token, "pending", 200], "the handshake arrived")
    ok(await verifyWebhookSignature({ ...received[0], verificationToken: token }), "signed with the token it contains")
    await control("POST", "webhook/verify", { token })
    await notion.pages.update({ page_id: page.id, properties: { Amount: { number: 5 } } })
    const event = await waitFor(() => received.find(r => r.body.includes("page.properties_updated")), "an event arrives")
    ok(await verifyWebhookSignature({ ...event, verificationToken: token }), "the client's helper accepts its signature")
    is(event.signature, await signWebhookPayload({ body: event.body, verificationToken: token }), "and would have signed alike")
    ok(!(await verifyWebhookSignature({ body: `${event.body} `, signature: event.signature, verificationToken: token })),
       "one byte more and it does not")
    const told = JSON.parse(event.body)
    is([told.entity, told.data.updated_properties], [{ id: page.id, type: "page" }, [made.properties.Amount]],
       "it names the page and the property")
    is(told.authors, [{ id: world.tokens[0].bot_id, type: "bot" }], "and the bot as author")
    is([told.api_version, told.attempt_number, told.data.parent],
       [version, 1, { id: made.database_id, type: "database", data_source_id: made.id }], "version, attempt and parent")
    server.close()
    server.closeAllConnections()
}

async function oauth() {
    const client = { client_id: "app", client_secret: "s3" }
    const back = "http://127.0.0.1:1/back"
    await control("POST", "oauth", { ...client, redirect_uris: [back] })
    const query = new URLSearchParams({ client_id: "app", redirect_uri: back, response_type: "code", owner: "user", state: "x" })
    const sent = await fetch(`${base}/v1/oauth/authorize?${query}`, { redirect: "manual" })
    const code = new URL(sent.headers.get("location")).searchParams.get("code")
    const first = await notion.oauth.token({ ...client, grant_type: "authorization_code", code, redirect_uri: back })
    is([first.token_type, first.workspace_name, first.owner.type], ["bearer", "Acme", "user"], "oauth.token: a code is exchanged")
    is((await notion.users.me({ auth: first.access_token })).id, first.bot_id, "its token is that of its bot")
    const again = await errorOf(impatient.oauth.token({ ...client, grant_type: "authorization_code", code: "x", redirect_uri: back }))
    is([again.status, JSON.parse(again.body ?? "{}").error], [400, "invalid_grant"], "a code that is none is refused")
    const second = await notion.oauth.token({ ...client, grant_type: "refresh_token", refresh_token: first.refresh_token })
    ok(second.access_token !== first.access_token && second.refresh_token !== first.refresh_token, "oauth.token: a refresh gives both anew")
    is((await notion.oauth.introspect({ ...client, token: second.access_token })).active, true, "oauth.introspect")
    await notion.oauth.revoke({ ...client, token: second.access_token })
    is((await errorOf(impatient.users.me({ auth: second.access_token }))).code, APIErrorCode.Unauthorized, "oauth.revoke ends it")
}

const world = await control("POST", "reset", { stale_ms: 0, rate_limit: 0, delay_ms: 20, aggregate_ms: 20 })
const made = await control("POST", "data_source", { name: "Orders", properties: schema })
console.log(`# seed ${world.settings.seed}`)
await users(world)
await schemas(made)
const page = await pages(made, world)
await blocks(page)
await values(made)
await listings(made)
await errors(made, page)
await limits(page)
await webhooks(made, page, world)
await oauth()
console.log(`done ${checks}`)
process.exit(0)
