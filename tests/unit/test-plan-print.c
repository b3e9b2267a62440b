/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/plan/{text,json,svg}.c with plans no machine has: nothing known,
 * hostile names, memory to the end of the address space, every array full.
 * What ordinary plans look like is compared by tests/plan/run.
 */
#include "../../kexec/plan/print.h"
#include "../../kexec/plan/svg-draw.h"
#include "kx/arch.h"
#include "test.h"

struct bed {
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_payload payload;
	struct kx_plan plan;
	struct kx_text text;
};

static void bed_init(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	kx_arena_init(&b->arena);
	kx_text_init(&b->text, &b->arena);
	b->src.machine = KX_MACHINE_X86_64;
	b->src.page_size = 4096;
	b->req.kernel.path = "vm<linux>";
	b->plan = (struct kx_plan){
		.arch = &kx_archs[KX_MACHINE_X86_64],
		.arena = &b->arena,
		.request = &b->req,
		.sources = &b->src,
		.payload = &b->payload,
		.format = kx_formats[0],
		.cmdline = "a=\"b\" <&>\001\377",
		.call = KX_CALL_LOAD,
		.call_why = "why & whether",
	};
}

static void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
}

static void add(struct bed *b, struct kx_memmap *m, uint64_t start, uint64_t end,
		enum kx_mem_type type, const char *name)
{
	struct kx_mem e = { { start, end }, type, type == KX_MEM_RAM ? 0 : 1, name };

	CHECK(kx_memmap_add(m, &b->arena, e, NULL) == 0);
}

static void add_segment(struct bed *b, uint64_t start, uint64_t len, const char *why)
{
	struct kx_plan *p = &b->plan;
	struct purg_region *r = &p->param.region[p->param.region_count++];

	*r = (struct purg_region){ .pa = start, .len = 1, .flags = PURG_REGION_VERIFY };
	p->segment[p->segment_count++] = (struct kx_segment){
		.name = "se<g>ment", .range = { start, start + len }, .why = why,
	};
}

/* Every way to print; gives the picture. */
static const char *print_all(struct bed *b)
{
	struct kx_text other;

	kx_text_init(&other, &b->arena);
	kx_plan_print_text(&b->plan, &other);
	CHECK(kx_text_str(&other) && other.len > 100);
	kx_text_init(&other, &b->arena);
	kx_plan_print_json(&b->plan, &other);
	CHECK(kx_text_str(&other) && !strcmp(other.p + other.len - 2, "}\n"));
	kx_plan_print_svg(&b->plan, &b->text);
	return kx_text_str(&b->text);
}

/* One document, in ASCII, with as many tags opened as closed. */
static void check_svg(const char *s)
{
	size_t open = 0, close = 0;

	if (!CHECK(s != NULL) || !CHECK(strlen(s) > 10))
		return;
	CHECK(!strncmp(s, "<?xml ", 6));
	CHECK_STR(s + strlen(s) - 7, "</svg>\n");
	for (const char *p = s; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < 0x20 && c != '\n') || c >= 0x7f)
			CHECK(c == '\n');
		open += c == '<';
		close += c == '>';
	}
	CHECK_EQ_U64(open, close);
	CHECK(!strstr(s, "<linux>") && !strstr(s, "<g>ment") && !strstr(s, "b\" <&"));
}

static void test_nothing_known(void)
{
	struct bed b;

	bed_init(&b);
	check_svg(print_all(&b));
	CHECK(strstr(b.text.p, "No memory map is known."));
	bed_deinit(&b);
}

static void test_file_load(void)
{
	struct bed b;

	bed_init(&b);
	b.plan.call = KX_CALL_FILE;
	add(&b, &b.src.firmware, 0x100000, 0x40000000, KX_MEM_RAM, "System RAM");
	check_svg(print_all(&b));
	CHECK(strstr(b.text.p, "own loader places the segments"));
	bed_deinit(&b);
}

static void test_everything_full(void)
{
	const char *why = "a reason that is so long that it has to be broken into several lines,"
		" because it names each and every constraint that there is, one after the other";
	struct bed b;

	bed_init(&b);
	for (uint64_t i = 0; i < 64; i++) {
		uint64_t at = i << 57;

		add(&b, &b.src.firmware, at, at + (1ULL << 30), KX_MEM_RAM, "System RAM");
		add(&b, &b.src.iomem, at + 4096, at + 8192, KX_MEM_RESERVED, "re<s>erved & \377");
	}
	add(&b, &b.src.firmware, UINT64_MAX - 4095, UINT64_MAX, KX_MEM_RESERVED, NULL);
	for (uint64_t i = 0; i < KX_SEGMENTS_MAX; i++)
		add_segment(&b, i << 58, 1ULL << 20, i % 2 ? why : NULL);
	while (b.plan.note_count < KX_NOTES_MAX)
		b.plan.note[b.plan.note_count++] = why;
	check_svg(print_all(&b));
	bed_deinit(&b);
}

/* One byte of RAM, and a segment of the last page there is. */
static void test_ends(void)
{
	struct bed b;

	bed_init(&b);
	add(&b, &b.src.firmware, 0, 1, KX_MEM_RAM, "");
	add_segment(&b, UINT64_MAX - 4096, 4096, "");
	check_svg(print_all(&b));
	bed_deinit(&b);
}

static void test_sizes(void)
{
	static const struct { uint64_t bytes; const char *text; } row[] = {
		{ 0, "0 bytes" }, { 1023, "1023 bytes" }, { 1024, "1 KiB" }, { 1536, "1.5 KiB" },
		{ 102400 + 512, "100 KiB" }, { 1ULL << 30, "1 GiB" },
		{ (1ULL << 30) + (200ULL << 20), "1.1 GiB" }, { UINT64_MAX, "15.9 EiB" },
	};
	char text[KX_SIZE_TEXT];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		CHECK_STR(kx_size_text(row[i].bytes, text), row[i].text);
}

static void test_labels(void)
{
	struct svg_label l[3] = { { 10, 20, 0 }, { 10, 20, 0 }, { 99, 20, 0 } };

	svg_labels_spread(l, 3, 5, 100);
	CHECK_EQ_U64(l[0].y, 5);
	CHECK_EQ_U64(l[1].y, 25);
	CHECK_EQ_U64(l[2].y, 80);
	svg_labels_spread(l, 0, 5, 100);
}

static void test_lines(void)
{
	CHECK_EQ_U64(svg_line_len("one two", 7), 7);
	CHECK_EQ_U64(svg_line_len("one two", 6), 3);
	CHECK_EQ_U64(svg_line_len("onetwo", 4), 4);
	CHECK_EQ_U64(svg_line_count("one two three", 7), 2);
	CHECK_EQ_U64(svg_line_count("", 7), 0);
}

static void test_scale(void)
{
	struct svg_stretch s = { { 0x1000, 0x3000 }, 100, 200 };
	unsigned int y = 0, height = 0;

	CHECK(svg_stretch_box(&s, (struct kx_range){ 0x2000, 0x9000 }, &y, &height));
	CHECK_EQ_U64(y, 200);
	CHECK_EQ_U64(height, 100);
	CHECK(svg_stretch_box(&s, (struct kx_range){ 0, UINT64_MAX }, &y, &height));
	CHECK_EQ_U64(y, 100);
	CHECK_EQ_U64(height, 200);
	CHECK(!svg_stretch_box(&s, (struct kx_range){ 0x3000, 0x9000 }, &y, &height));
}

TEST_MAIN({ "nothing known", test_nothing_known },
	  { "kexec_file_load", test_file_load },
	  { "everything full, hostile names", test_everything_full },
	  { "ends of the address space", test_ends },
	  { "sizes", test_sizes },
	  { "labels keep apart", test_labels },
	  { "lines", test_lines },
	  { "scale", test_scale })
