/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/text.c and json.c: growth, layout, and strings of hostile bytes. */
#include "kx/json.h"
#include "test.h"

static void test_text(void)
{
	struct kx_arena a;
	struct kx_text t;

	kx_arena_init(&a);
	kx_text_init(&t, &a);
	CHECK_STR(kx_text_str(&t), "");
	kx_text_add(&t, "%s", "");
	kx_text_raw(&t, NULL, 0);
	CHECK_STR(kx_text_str(&t), "");
	for (int i = 0; i < 1000; i++)
		kx_text_add(&t, "%03d,", i);
	kx_text_raw(&t, "end", 3);
	CHECK_EQ_U64(t.len, 4003);
	CHECK_EQ_U64(strlen(kx_text_str(&t)), 4003);
	CHECK_STR(kx_text_str(&t) + 3992, "998,999,end");
	kx_text_add(&t, "%10000d", 1);
	CHECK_EQ_U64(strlen(kx_text_str(&t)), 14003);
	kx_arena_deinit(&a);
}

static void test_text_no_memory(void)
{
	struct kx_arena a;
	struct kx_text t;

	kx_arena_init(&a);
	kx_text_init(&t, &a);
	kx_text_add(&t, "x");
	kx_text_raw(&t, "y", SIZE_MAX - 2);
	CHECK(t.bad && kx_text_str(&t) == NULL);
	kx_text_init(&t, &a);
	kx_text_add(&t, "x");
	kx_text_raw(&t, "y", SIZE_MAX);
	CHECK(t.bad && kx_text_str(&t) == NULL);
	kx_text_add(&t, "z");
	CHECK(kx_text_str(&t) == NULL);
	kx_arena_deinit(&a);
}

static void test_layout(void)
{
	struct kx_arena a;
	struct kx_text t;
	struct kx_json j;

	kx_arena_init(&a);
	kx_text_init(&t, &a);
	kx_json_init(&j, &t);
	kx_json_object(&j, NULL);
	kx_json_u64(&j, "version", 1);
	kx_json_object(&j, "empty");
	kx_json_object_end(&j);
	kx_json_array(&j, "list");
	kx_json_hex(&j, NULL, 0xdeadbeef00);
	kx_json_bool(&j, NULL, true);
	kx_json_str(&j, NULL, NULL);
	kx_json_array(&j, NULL);
	kx_json_array_end(&j);
	kx_json_object(&j, NULL);
	kx_json_bool(&j, "no", false);
	kx_json_object_end(&j);
	kx_json_array_end(&j);
	kx_json_u64(&j, "last", UINT64_MAX);
	kx_json_object_end(&j);
	CHECK_STR(kx_text_str(&t),
		  "{\n"
		  "  \"version\": 1,\n"
		  "  \"empty\": {},\n"
		  "  \"list\": [\n"
		  "    \"0xdeadbeef00\",\n"
		  "    true,\n"
		  "    null,\n"
		  "    [],\n"
		  "    {\n"
		  "      \"no\": false\n"
		  "    }\n"
		  "  ],\n"
		  "  \"last\": 18446744073709551615\n"
		  "}\n");
	kx_arena_deinit(&a);
}

static const struct {
	const char *in, *want;
} strings[] = {
	{ "", "\"\"" },
	{ "a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\"" },
	{ "\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\"" },
	{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
	{ "\xe2\x82\xac \xf0\x9f\x98\x80", "\"\xe2\x82\xac \xf0\x9f\x98\x80\"" },
	/* Latin-1, cut short, overlong, surrogate, beyond Unicode */
	{ "\xfc", "\"\\ufffd\"" },
	{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },
	{ "\xf0\x9f\x98", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
	{ "\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	{ "\x80x", "\"\\ufffdx\"" },
};

static void test_strings(void)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct kx_arena a;
		struct kx_text t;
		struct kx_json j;

		kx_arena_init(&a);
		kx_text_init(&t, &a);
		kx_json_init(&j, &t);
		kx_json_str(&j, NULL, strings[i].in);
		CHECK_STR(kx_text_str(&t), strings[i].want);
		kx_arena_deinit(&a);
	}
}

TEST_MAIN({ "text", test_text },
	  { "text without memory", test_text_no_memory },
	  { "layout", test_layout },
	  { "strings", test_strings })
