#include "telemetry/profile.h"

#include "testing/test.h"

#include <jansson.h>

ORT_TEST(profile, becomes_a_chrome_trace) {
    orti_profile *profile = NULL;
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    CHECK_OK(orti_profile_create(orti_allocator_default(), 8, &profile));
    orti_profile_add(profile, "kernel", "conv \"1\"", 8, 3, 5000, 7500);
    orti_profile_add(profile, "run", "run", 3, 3, 4000, 9000);
    CHECK_OK(orti_profile_json(profile, &text));
    json_t *root = json_loads(text.data, 0, NULL);
    json_t *event = json_array_get(json_object_get(root, "traceEvents"), 0);
    CHECK(json_array_size(json_object_get(root, "traceEvents")) == 2);
    CHECK_STR(json_string_value(json_object_get(event, "name")), "conv \"1\"");
    CHECK(json_real_value(json_object_get(event, "ts")) == 1.0);
    CHECK(json_real_value(json_object_get(event, "dur")) == 2.5);
    CHECK(json_integer_value(json_object_get(event, "tid")) == 3);
    json_decref(root);
    orti_text_finish(&text);
    orti_profile_destroy(profile);
}

ORT_TEST(profile, counts_what_does_not_fit) {
    orti_profile *profile = NULL;
    orti_text text;
    orti_text_init(&text, orti_allocator_default());
    CHECK_OK(orti_profile_create(orti_allocator_default(), 2, &profile));
    for (int i = 0; i < 5; i++) orti_profile_add(profile, "run", "r", 1, 0, 1, 2);
    CHECK_OK(orti_profile_json(profile, &text));
    CHECK(strstr(text.data, "\"dropped\":3") != NULL, "%s", text.data);
    orti_text_finish(&text);
    orti_profile_destroy(profile);
}
