#include "base/text.h"
#include "testing/test.h"

ORT_TEST(text, grows) {
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    CHECK_STR(text.data, "");
    for (int i = 0; i < 500; i++) orti_text_add(&text, "%d,", i);
    orti_text_add_bytes(&text, "end", 3);
    orti_text_add(&text, "%s", "");
    CHECK_OK(orti_text_status(&text));
    CHECK(strncmp(text.data, "0,1,2,3,", 8) == 0 && strcmp(text.data + text.length - 3, "end") == 0);
    CHECK(strlen(text.data) == text.length);
    char *taken = NULL;
    CHECK_OK(orti_text_take(&text, &taken));
    CHECK_STR(text.data, "");
    orti_free(orti_allocator_default(), taken);
    CHECK_OK(orti_text_take(&text, &taken));
    CHECK_STR(taken, "");
    orti_free(orti_allocator_default(), taken);
    orti_text_finish(&text);
}

ORT_TEST(text, escapes_as_json_does) {
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    orti_text_add_escaped(&text, "a\"b\\c\n\t\x01z\x7f\0!", 12);
    CHECK_STR(text.data, "a\\\"b\\\\c\\n\\t\\u0001z\\u007f\\u0000!");
    orti_text_finish(&text);
    orti_text_add_escaped(&text, "plain \xc3\xa4", 8);
    CHECK_STR(text.data, "plain \xc3\xa4");
    orti_text_finish(&text);
}

ORT_TEST(text, failure_is_remembered) {
    for (uint64_t fail_at = 1; fail_at <= 3; fail_at++) {
        orti_allocator_failing failing;
        orti_text text;
        char *taken = NULL;
        orti_allocator_failing_init(&failing, fail_at);
        orti_text_init(&text, &failing.allocator);
        orti_text_add(&text, "%d", 1);
        orti_text_add(&text, "%0200d", 1);
        CHECK(strlen(text.data) == text.length);
        if (fail_at < 3) {
            CHECK_FAILS(orti_text_status(&text), ORT_CODE_OUT_OF_MEMORY, "text");
            CHECK_FAILS(orti_text_take(&text, &taken), ORT_CODE_OUT_OF_MEMORY, "text");
            CHECK(taken == NULL);
        } else {
            CHECK(text.length == 201);
        }
        orti_text_finish(&text);
        CHECK(failing.live_count == 0);
    }
}

ORT_TEST(match, nearest_name) {
    static const char *const names[] = {"threads", "fallback", "precision", "cache"};
    CHECK_STR(orti_nearest_name("thread", names, 4), "threads");
    CHECK_STR(orti_nearest_name("fallbck", names, 4), "fallback");
    CHECK_STR(orti_nearest_name("cahe", names, 4), "cache");
    CHECK(orti_nearest_name("banana", names, 4) == NULL);
    CHECK(orti_nearest_name("", names, 4) == NULL && orti_nearest_name("x", names, 0) == NULL);
    char long_word[1000];
    memset(long_word, 'x', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = 0;
    CHECK(orti_nearest_name(long_word, names, 4) == NULL);
    const char *one[] = {long_word};
    CHECK(orti_nearest_name("threads", one, 1) == NULL);
}

ORT_TEST(match, glob) {
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {{"*", "", true},
                 {"", "", true},
                 {"", "a", false},
                 {"a?c", "abc", true},
                 {"a?c", "ac", false},
                 {"*.onnx", "m.onnx", true},
                 {"*.onnx", "m.onnx2", false},
                 {"a*b*c", "aXbYbZc", true},
                 {"a*b*c", "aXbYbZ", false},
                 {"**a", "bca", true},
                 {"test_*", "test", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(orti_glob_match(cases[i].pattern, cases[i].text) == cases[i].matches, "%s on %s", cases[i].pattern,
              cases[i].text);
    char many[3000];
    memset(many, 'a', sizeof many - 1);
    many[sizeof many - 1] = 0;
    CHECK(!orti_glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", many)); /* no exponential time */
}
