/* mns_html.h - writing pages: every text that is not a literal of ours passes through here and is
 * escaped. */
#ifndef MNS_HTML_H
#define MNS_HTML_H

#include "httpd/mns_status.h"

/** Markup of our own: literals only. */
#define mns_put(page, literal) (void)ap_rputs("" literal "", (page)->r)

/** Any text, escaped; fit for content and for quoted attributes. NULL writes nothing. */
void mns_text(const mns_page_t *page, const char *text);
/** The string member, escaped. */
void mns_text_of(const mns_page_t *page, const nts_json_t *node, const char *key);
/** A number with thin spaces between thousands. */
void mns_number(const mns_page_t *page, apr_int64_t number);
void mns_number_of(const mns_page_t *page, const nts_json_t *node, const char *key);
/** Somebody's value: cannot turn the direction of the text around it. */
void mns_value(const mns_page_t *page, const char *text);
/** "3 s ago", "in 2 min", with the exact time to be seen; "never" if there is none. */
void mns_time_of(const mns_page_t *page, const nts_json_t *node, const char *key);
/** A word with a colour that agrees with it. */
void mns_badge(const mns_page_t *page, const char *word);

/** Address of a page: name and value in turn, NULL-terminated; keeps `refresh`. Escaped. */
void mns_address(const mns_page_t *page, ...);
/** A button that posts: verb and mapping, then names and values in turn, NULL-terminated (a NULL value is left out).
 *  Nothing without full access. */
void mns_button(const mns_page_t *page, const char *label, const char *verb, const char *mapping,
                ...) __attribute__((sentinel));
/** The same for what touches many records: with a box to be ticked first. */
void mns_sure_button(const mns_page_t *page, const char *label, const char *verb,
                     const char *mapping, ...);
/** The same with a word that has to be typed. */
typedef struct mns_input_t {
    const char *name;
    const char *hint;
    int sure; /* with a box, too */
} mns_input_t;
void mns_input_button(const mns_page_t *page, const char *label, const char *verb,
                      const char *mapping, const mns_input_t *input, ...);

/* Parts that several pages show (mns_page_parts.c). */
void mns_part_outcome(const mns_page_t *page, const nts_json_t *outcome);
/** The fields of a mapping that are suspended, with the reasons; nothing if none is. */
void mns_part_suspended(const mns_page_t *page, const nts_json_t *mapping);
/** Records with their reasons; @a several: name each one's mapping. */
void mns_part_links(const mns_page_t *page, const nts_json_t *links, int several);
/** Each field that is held or failed, with its values, and buttons to decide (mns_page_decide.c). */
void mns_part_issues(const mns_page_t *page, const nts_json_t *link);
/** Buttons for the record as a whole. */
void mns_part_choices(const mns_page_t *page, const nts_json_t *link);
/** Held deletes of a mapping, all at once. */
void mns_part_bulk(const mns_page_t *page);
/** Entries of the audit. @a undo: with buttons. */
void mns_part_entries(const mns_page_t *page, const nts_json_t *entries, int several, int undo);

/* Frame and pages. */
void mns_frame_begin(const mns_page_t *page, const char *title);
void mns_frame_end(const mns_page_t *page);
void mns_page_overview(const mns_page_t *page);
void mns_page_mapping(const mns_page_t *page);
void mns_page_record(const mns_page_t *page);
void mns_page_list(const mns_page_t *page);
void mns_page_plan(const mns_page_t *page);

/** The style sheet, and its hash as Content-Security-Policy wants it (mns_style.c). */
extern const char mns_style[];
const char *mns_style_hash(apr_pool_t *p);

#endif /* MNS_HTML_H */
