#include "partition/testdata/fake_rooms.h"

#include "testing/test.h"

/* Wide enough that the far device pays for its copies. */
#define DIAMOND                                                                                                        \
    "graph \"diamond\" {\n"                                                                                            \
    "  input %x : float32[64]\n"                                                                                       \
    "  %a : float32[64] = Neg@13 (%x) \"a\"\n"                                                                         \
    "  %b : float32[64] = Abs@13 (%a) \"b\"\n"                                                                         \
    "  %c : float32[64] = Neg@13 (%a) \"c\"\n"                                                                         \
    "  %d : float32[64] = Add@14 (%b, %c) \"d\"\n"                                                                     \
    "  output %d\n"                                                                                                    \
    "}\n"

ORT_TEST(partition, takes_everything_in_one_piece) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms, DIAMOND, "", "Neg Abs Add"));
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->part_count == 1);
    CHECK(parts->parts[0].node_count == 4);
    CHECK(parts->parts[0].input_count == 1 && parts->parts[0].output_count == 1);
    CHECK(strstr(parts->details[0], "far: has no such operator") != NULL, "%s", parts->details[0]);
    CHECK(fake_settle_count == 1);
    orti_partitioning_destroy(parts);
    fake_rooms_close(&rooms);
}

/* {a, d} and {b, c} are convex, yet each would wait for the other: near gets c first, and b when a is done. */
ORT_TEST(partition, cuts_what_would_be_a_cycle) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms,
                             "graph \"crossed\" {\n"
                             "  input %x : float32[64]\n"
                             "  input %y : float32[64]\n"
                             "  %a : float32[64] = Neg@13 (%x) \"a\"\n"
                             "  %b : float32[64] = Relu@14 (%a) \"b\"\n"
                             "  %c : float32[64] = Mul@14 (%y, %y) \"c\"\n"
                             "  %d : float32[64] = Neg@13 (%c) \"d\"\n"
                             "  output %b\n"
                             "  output %d\n"
                             "}\n",
                             "Neg", "Relu Mul"));
    fake_far_scatters = 1;
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->part_count == 3, "%u pieces", parts->part_count);
    CHECK(fake_part_of(parts, "c") == 0);
    CHECK(fake_part_of(parts, "a") == 1 && fake_part_of(parts, "d") == 1);
    CHECK(fake_part_of(parts, "b") == 2);
    orti_partitioning_destroy(parts);
    fake_rooms_close(&rooms);
}

/* What is not convex breaks a rule: far is left out, and with it the only one for a. */
ORT_TEST(partition, refuses_what_is_not_convex) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms, DIAMOND, "Neg Add", "Abs"));
    fake_far_scatters = 1;
    ort_status *status = orti_partition_create(&rooms.request, &parts);
    CHECK(ort_status_code(status) == ORT_CODE_UNSUPPORTED, "%s", ort_status_message(status));
    CHECK(strstr(ort_status_message(status), "node 'a' (Neg)") != NULL, "%s", ort_status_message(status));
    CHECK(strstr(ort_status_message(status), "far: left out") != NULL, "%s", ort_status_message(status));
    ort_status_destroy(status);
    CHECK(parts == NULL);
    fake_rooms_close(&rooms);
}

ORT_TEST(partition, orders_pieces_and_names_what_crosses) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms, DIAMOND, "Neg Abs", "Add"));
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->part_count == 2, "%u pieces", parts->part_count);
    CHECK(fake_part_of(parts, "a") == 0 && fake_part_of(parts, "c") == 0);
    CHECK(fake_part_of(parts, "d") == 1);
    CHECK(parts->parts[0].output_count == 2);
    CHECK(parts->parts[1].input_count == 2);
    CHECK(parts->parts[0].copy_ns > 0);
    orti_partitioning_destroy(parts);
    fake_rooms_close(&rooms);
}

ORT_TEST(partition, names_the_first_operator_nobody_takes) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms, DIAMOND, "", "Neg"));
    CHECK_FAILS(orti_partition_create(&rooms.request, &parts), ORT_CODE_UNSUPPORTED, "node 'b' (Abs)");
    CHECK(fake_settle_count == 1, "settled %d times", fake_settle_count);
    fake_rooms_close(&rooms);
}

ORT_TEST(partition, a_lie_costs_only_the_liar) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms, DIAMOND, "Neg Abs Add", "Neg Abs Add"));
    fake_far_lies = 1;
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->part_count == 1);
    CHECK(parts->parts[0].candidate == 1);
    CHECK(parts->refusals[0] != NULL && parts->refusals[1] == NULL);
    CHECK(fake_settle_count == 1, "settled %d times", fake_settle_count);
    orti_partitioning_destroy(parts);
    fake_rooms_close(&rooms);
}

/* near takes 100 us a node, far 10 ns and its copies 16 us: far. */
ORT_TEST(partition, cost_decides_without_names) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms, DIAMOND, "Neg Abs Add", "Neg Abs Add"));
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->part_count == 1 && parts->parts[0].candidate == 0);
    orti_partitioning_destroy(parts);
    rooms.candidates[0].rank = 1;
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->part_count == 1 && parts->parts[0].candidate == 1);
    orti_partitioning_destroy(parts);
    fake_rooms_close(&rooms);
}

ORT_TEST(partition, fallback_is_a_policy) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    CHECK_OK(fake_rooms_open(&rooms, DIAMOND, "Neg Abs", "Add"));
    rooms.candidates[1].is_asked_for = false;
    rooms.request.fallback = ORTI_FALLBACK_ERROR;
    CHECK_FAILS(orti_partition_create(&rooms.request, &parts), ORT_CODE_UNSUPPORTED, "node 'd' (Add)");
    rooms.request.fallback = ORTI_FALLBACK_ALLOW;
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    orti_partitioning_destroy(parts);
    fake_rooms_close(&rooms);
}

/* Both have the same rank: far won the composite by its body with its cost, so that the parts are not near's. */
ORT_TEST(partition, the_parts_of_a_body_are_the_winners) {
    fake_rooms rooms;
    orti_partitioning *parts = NULL;
    orti_node_id first = ORTI_NONE;
    CHECK_OK(fake_rooms_open(&rooms,
                             "graph \"composite\" {\n"
                             "  input %x : float32[64]\n"
                             "  %y = test::Call@1 (%x) \"c\" body graph \"Call\" {\n"
                             "    input %i\n"
                             "    %j = Neg@13 (%i) \"n\"\n"
                             "    %k = Abs@13 (%j) \"a\"\n"
                             "    output %k\n"
                             "  }\n"
                             "  output %y\n"
                             "}\n",
                             "Call Neg", "Neg Abs"));
    fake_far_by_body = 1;
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->expansion_count == 1 && parts->expansions[0].candidate == 0 && parts->part_count == 0);
    orti_partitioning_destroy(parts);
    CHECK_OK(orti_graph_inline_body(rooms.graph, 0, &first));
    CHECK_OK(orti_ops_bind(rooms.graph, fake_opset, NULL));
    CHECK_OK(orti_infer_graph(rooms.graph));
    const orti_pin pins[] = {{ORTI_NONE, ORTI_PIN_WON}, {0, ORTI_PIN_WON}, {0, ORTI_PIN_WON}};
    rooms.request.pins = pins;
    rooms.request.pin_count = 3;
    CHECK_OK(orti_partition_create(&rooms.request, &parts));
    CHECK(parts->parts[fake_part_of(parts, "c/n")].candidate == 0);
    CHECK(parts->parts[fake_part_of(parts, "c/a")].candidate == 1, "what far leaves is near's");
    orti_partitioning_destroy(parts);
    fake_rooms_close(&rooms);
}
