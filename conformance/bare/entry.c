/* L0: loading, and the first call: versions, sizes, extensions. */
#include "bare/bare.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define TAIL 64 /* canaries behind a reply */

static void quiet_run(ortc_context *context) {
    char text[400];
    ortc_process *before = ortc_process_look();
    void *library = dlopen(context->subject->library_path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const char *rule = before && library ? ortc_process_difference(before, text, sizeof text) : NULL;
    if (!library)
        ortc_fail(context, "load.symbols", "dlopen: %s", dlerror());
    else if (rule)
        ortc_fail(context, "load.quiet", "loading breaks %s: %s", rule, text);
    ortc_process_destroy(before);
}

/* ---- versions ---- */

static const struct {
    const char *what;
    uint32_t major, min_minor, max_minor;
    bool is_agreed;
} ranges[] = {
    {"0.0 alone", ORTP_ABI_MAJOR, 0, 0, true},
    {"0.0 and all later ones", ORTP_ABI_MAJOR, 0, UINT32_MAX, true},
    {"minors from 1000 on", ORTP_ABI_MAJOR, 1000, 2000, false},
    {"another major", ORTP_ABI_MAJOR + 1, 0, 0, false},
    {"the last major", UINT32_MAX, 0, UINT32_MAX, false},
};

static bool refusal_check(ortc_context *context, const ortp_entry_reply *reply, uint32_t code, const char *what) {
    const char *wrong = code == ORT_CODE_OK                           ? "is accepted"
                        : code != reply->code                         ? "returns another code than it writes"
                        : code > ORT_CODE_BUG                         ? "gives a code that words.h does not name"
                        : !memchr(reply->text, 0, sizeof reply->text) ? "has a text that does not end"
                        : reply->text[0] == 0                         ? "is refused without a text"
                        : reply->min_minor > reply->max_minor         ? "is answered by an empty range"
                        : reply->plugin                               ? "is refused and yet gives a table"
                                                                      : NULL;
    if (!wrong) return true;
    ortc_fail(context, "entry.negotiates", "a host that speaks %s %s", what, wrong);
    return false;
}

static bool agreement_check(ortc_context *context, const ortp_entry_reply *reply, uint32_t code, uint32_t at) {
    const char *wrong = code != ORT_CODE_OK || reply->code != ORT_CODE_OK ? "is refused"
                        : !reply->plugin                                  ? "is accepted without a table"
                        : reply->agreed_minor > ranges[at].max_minor || reply->agreed_minor < ranges[at].min_minor
                            ? "is given a minor outside its range"
                        : reply->agreed_minor > reply->max_minor || reply->agreed_minor < reply->min_minor
                            ? "is given a minor outside the plugin's own range"
                            : NULL;
    if (!wrong) return true;
    ortc_fail(context, "entry.negotiates", "a host that speaks %s %s (agreed on %u of %u to %u): %.200s",
              ranges[at].what, wrong, reply->agreed_minor, reply->min_minor, reply->max_minor, reply->text);
    return false;
}

static void versions_run(ortc_context *context) {
    ortc_bare bare;
    if (!ortc_bare_enter(&bare, context)) return;
    for (uint32_t i = 0; i < ORTC_COUNT(ranges); i++) {
        ortp_entry_reply reply;
        uint32_t code =
            ortc_entry_call(bare.entry, ranges[i].major, ranges[i].min_minor, ranges[i].max_minor, NULL, 0, &reply);
        if (ranges[i].is_agreed ? !agreement_check(context, &reply, code, i)
                                : !refusal_check(context, &reply, code, ranges[i].what))
            return;
    }
}

/* ---- sizes ---- */

static bool tail_is(const unsigned char *at, uint32_t count, unsigned char want) {
    for (uint32_t i = 0; i < count; i++)
        if (at[i] != want) return false;
    return true;
}

/* A reply that says `size`, in memory with canaries from there on. */
static bool reply_check(ortc_bare *bare, uint32_t size, bool is_agreed) {
    unsigned char memory[sizeof(ortp_entry_reply) + TAIL];
    ortp_entry_request request = {.size = sizeof request, .major = ORTP_ABI_MAJOR};
    memset(memory, 0, sizeof memory);
    memset(memory + size, 0xca, sizeof memory - size);
    memcpy(memory, &size, sizeof size);
    ortp_entry_reply *reply = (ortp_entry_reply *)(void *)memory;
    uint32_t code = bare->entry(&request, reply);
    if (!tail_is(memory + size, (uint32_t)sizeof memory - size, 0xca))
        ortc_fail(bare->context, "entry.sizes", "of a reply of %u bytes more was written", size);
    else if (is_agreed && code != ORT_CODE_OK)
        ortc_fail(bare->context, "entry.sizes", "a reply of %u bytes is refused with code %u", size, code);
    else if (!is_agreed && code == ORT_CODE_OK)
        ortc_fail(bare->context, "entry.sizes", "a reply of %u bytes is accepted: it has no room for the table", size);
    return !ortc_has_failed(bare->context);
}

/* A request that says `size`; a longer one has something behind what this ABI knows. */
static bool request_check(ortc_bare *bare, uint32_t size, bool is_agreed) {
    unsigned char memory[sizeof(ortp_entry_request) + TAIL];
    ortp_entry_request request = {.size = size, .major = ORTP_ABI_MAJOR};
    ortp_entry_reply reply = {.size = sizeof reply};
    memset(memory, 0x5a, sizeof memory);
    memcpy(memory, &request, size < sizeof request ? size : sizeof request);
    uint32_t code = bare->entry((const ortp_entry_request *)(const void *)memory, &reply);
    if (is_agreed == (code == ORT_CODE_OK)) return true;
    ortc_fail(bare->context, "entry.sizes", "a request of %u bytes is answered with code %u", size, code);
    return false;
}

static void sizes_run(ortc_context *context) {
    ortc_bare bare;
    const uint32_t reply = ORTP_ENTRY_REPLY_SIZE_0_0, request = ORTP_ENTRY_REQUEST_SIZE_0_0;
    if (!ortc_bare_enter(&bare, context)) return;
    (void)(reply_check(&bare, reply, true) && reply_check(&bare, reply + 16, true) && reply_check(&bare, 16, false) &&
           reply_check(&bare, 40, false) && request_check(&bare, request, true) &&
           request_check(&bare, request + 32, true) && request_check(&bare, 8, false) &&
           request_check(&bare, request - 8, false));
}

/* ---- extensions and flags ---- */

static void extensions_run(ortc_context *context) {
    ortc_bare bare;
    ortp_entry_reply reply;
    if (!ortc_bare_enter(&bare, context)) return;
    ortp_ext last = {sizeof last, 0x7123u, NULL}, first = {sizeof first, 0x7122u, &last};
    ortp_ext must = {sizeof must, 0x7124u | ORTP_EXT_MUST, NULL}, before = {sizeof before, 0x7122u, &must};
    uint32_t code = ortc_entry_call(bare.entry, ORTP_ABI_MAJOR, 0, 0, &first, 0, &reply);
    ORTC_REQUIRE(context, code == ORT_CODE_OK && reply.plugin, "entry.extensions",
                 "two unknown extensions without MUST are refused with code %u: %.200s", code, reply.text);
    code = ortc_entry_call(bare.entry, ORTP_ABI_MAJOR, 0, 0, &must, 0, &reply);
    ORTC_REQUIRE(context, code == ORT_CODE_UNSUPPORTED, "entry.extensions",
                 "an unknown extension with MUST is answered with code %u", code);
    code = ortc_entry_call(bare.entry, ORTP_ABI_MAJOR, 0, 0, &before, 0, &reply);
    ORTC_REQUIRE(context, code == ORT_CODE_UNSUPPORTED, "entry.extensions",
                 "an unknown extension with MUST behind another one is answered with code %u", code);
    code = ortc_entry_call(bare.entry, ORTP_ABI_MAJOR, 0, 0, NULL, 0x4000u, &reply);
    ORTC_REQUIRE(context, code == ORT_CODE_OK, "flags.unknown", "an unknown low flag of the request is refused");
    code = ortc_entry_call(bare.entry, ORTP_ABI_MAJOR, 0, 0, NULL, 0x40000000u, &reply);
    ORTC_REQUIRE(context, code != ORT_CODE_OK, "flags.unknown", "an unknown high flag of the request is accepted");
}

/* ---- pure ---- */

static void pure_run(ortc_context *context) {
    ortc_bare bare;
    ortp_entry_reply first, second;
    char text[400];
    ortc_process *before = NULL;
    if (!ortc_bare_enter(&bare, context)) return;
    before = ortc_process_look();
    ortc_entry_call(bare.entry, ORTP_ABI_MAJOR, 0, 0, NULL, 0, &first);
    ortc_entry_call(bare.entry, ORTP_ABI_MAJOR + 1, 0, 0, NULL, 0, &second);
    ortc_entry_call(bare.entry, ORTP_ABI_MAJOR, 0, 0, NULL, 0, &second);
    const char *rule = before ? ortc_process_difference(before, text, sizeof text) : NULL;
    if (rule) ortc_fail(context, "entry.pure", "the entry breaks %s: %s", rule, text);
    if (first.plugin != second.plugin || second.code != ORT_CODE_OK)
        ortc_fail(context, "entry.pure", "asked again, the entry answers otherwise");
    ortc_process_destroy(before);
}

/* Two hosts that know nothing of each other; the second outlives the first, and a third comes after both. */
static void two_hosts_run(ortc_context *context) {
    ortc_bare one, other;
    if (!ortc_bare_enter(&one, context) || !ortc_bare_create(&one) || !ortc_bare_describe(&one)) return;
    if (!ortc_bare_enter(&other, context) || !ortc_bare_create(&other) || !ortc_bare_describe(&other)) return;
    ORTC_REQUIRE(context, one.made != other.made, "entry.pure", "two hosts were given one plugin object");
    ORTC_REQUIRE(context, one.given == other.given, "entry.pure", "two hosts were given two tables");
    ortc_bare_finish(&one);
    if (ortc_has_failed(context) || !ortc_bare_describe(&other)) return;
    ortc_bare_finish(&other);
    ortp_entry_reply reply;
    uint32_t code = ortc_entry_call(one.entry, ORTP_ABI_MAJOR, 0, 0, NULL, 0, &reply);
    ORTC_REQUIRE(context, code == ORT_CODE_OK && reply.plugin == one.given, "entry.pure",
                 "after shutdown the entry answers otherwise (code %u)", code);
    ortc_bare third;
    if (ortc_has_failed(context) || !ortc_bare_start(&third, context)) return;
    ortc_bare_finish(&third);
}

const ortc_check ortc_entry_checks[] = {
    {"load-quiet", 0, ORTC_CHECK_ALONE, "loading leaves the process as it was", quiet_run},
    {"entry-versions", 0, 0, "the entry agrees on a version, or refuses with a reason", versions_run},
    {"entry-sizes", 0, 0, "the entry respects sizes, short and long", sizes_run},
    {"entry-extensions", 0, 0, "unknown extensions and flags are skipped or refused", extensions_run},
    {"entry-pure", 0, 0, "the entry leaves no trace and answers again", pure_run},
    {"entry-two-hosts", 0, 0, "two hosts in one process, and one after both", two_hosts_run},
};
const uint32_t ortc_entry_check_count = ORTC_COUNT(ortc_entry_checks);
