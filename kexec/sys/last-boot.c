/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the timing record that the last kexec's purgatory left for this kernel,
 * and reads the counter it was stamped with next to the kernel's clock.
 * Called by verb-last-boot.c.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>
#include <time.h>

#include "kx/fdt.h"
#include "kx/sys.h"

#define SETUP_DATA	"/sys/kernel/boot_params/setup_data"
/* Only on kernels with a driver for it, which is not in Linux; in kHz. */
#define TSC_KHZ		"/sys/devices/system/cpu/cpu0/tsc_freq_khz"

#define NS_PER_S	1000000000u
/* How long the rate of the counter is measured: long against one reading. */
#define MEASURE_NS	50000000
/* Attempts to read counter and clock with nothing in between. */
#define TRIES		16

static int no_record(struct kx_err *err, const char *where)
{
	return kx_err_set(err, ENOENT, "the kernel was not started by kexec with a timing record:"
			  " %s", where);
}

/* ---- the record ------------------------------------------------------------ */

static int record_arm64(const struct kx_sources *s, struct kx_arena *a, struct kx_bytes *ret,
			const char **ret_source, struct kx_err *err)
{
	const struct kx_arm64_facts *f = &s->arm64;
	const void *fdt;
	int r, len;

	if (!f->fdt.len)
		return kx_err_set(err, EACCES, "neither /sys/firmware/fdt (root only) nor"
				  " /proc/device-tree is readable: whether kexec left a timing"
				  " record is not known");
	r = kx_fdt_open(f->fdt, a, &fdt, err);
	if (r < 0) {
		kx_err_wrap(err, "%s", f->fdt_source);
		return r;
	}
	ret->data = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), KX_TIMING_PROPERTY, &len);
	if (!ret->data)
		return no_record(err, "no /chosen/" KX_TIMING_PROPERTY " in its device tree");
	ret->len = (size_t)len;
	*ret_source = f->fdt_source;
	return 0;
}

/* The node of our type: 0, or 1 if the list of nodes has none. */
static int find_node(const struct kx_sources *s, struct kx_arena *a, const char **ret,
		     struct kx_err *err)
{
	char **names;
	uint64_t type;
	int r;

	r = kx_root_list(s->root, a, SETUP_DATA, &names, err);
	if (r < 0)
		return r == -ENOMEM ? r : 1;
	for (size_t i = 0; names[i]; i++)
		if (kx_root_u64(s->root, 0, &type, NULL, SETUP_DATA "/%s/type", names[i]) == 0 &&
		    type == KX_TIMING_SETUP_TYPE) {
			*ret = names[i];
			return 0;
		}
	return 1;
}

static int record_x86(const struct kx_sources *s, struct kx_arena *a, struct kx_bytes *ret,
		      const char **ret_source, struct kx_err *err)
{
	const char *name = NULL;
	int r;

	r = find_node(s, a, &name, err);
	if (r < 0)
		return r;
	if (r > 0)
		return no_record(err, "no node of its type in " SETUP_DATA);
	*ret_source = kx_arena_printf(a, SETUP_DATA "/%s/data", name);
	if (!*ret_source)
		return kx_err_set(err, ENOMEM, "out of memory");
	return kx_root_read(s->root, a, ret, err, "%s", *ret_source);
}

/* ---- the clocks ----------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0 };

	/* All that are asked for exist since Linux 2.6.39. */
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* One moment: the counter, and the clock between whose readings it was read. */
struct moment {
	uint64_t counter;
	uint64_t ns;			/* CLOCK_MONOTONIC_RAW */
	uint64_t width;			/* how far those two readings lie apart */
};

static struct moment moment_now(void)
{
	struct moment best = { .width = UINT64_MAX };

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = clock_ns(CLOCK_MONOTONIC_RAW), counter = kx_host_counter();
		uint64_t width = clock_ns(CLOCK_MONOTONIC_RAW) - before;

		if (width < best.width)
			best = (struct moment){ counter, before + width / 2, width };
	}
	return best;
}

/* The rate of the counter, and by how many parts in 10^9 that may be wrong. */
static void measure(struct kx_last_boot *b, const struct moment *from, const struct moment *to)
{
	uint64_t ns = to->ns - from->ns, counts = to->counter - from->counter;

	if (!ns || to->counter <= from->counter)
		return;
	b->hz = (uint64_t)((unsigned __int128)counts * NS_PER_S / ns);
	b->hz_error = (from->width + to->width) * NS_PER_S / 2 / ns + 1;
	b->hz_source = "measured";
}

/*
 * CLOCK_MONOTONIC_RAW starts with the kernel's timekeeping and nobody steers it,
 * so it fits to the counter after days as well; CLOCK_BOOTTIME has been steered,
 * but knows how long the machine slept.
 */
static void read_clocks(struct kx_last_boot *b)
{
	const struct timespec pause = { .tv_nsec = MEASURE_NS };
	uint64_t awake = clock_ns(CLOCK_MONOTONIC), slept = clock_ns(CLOCK_BOOTTIME) - awake;
	struct moment m = moment_now();

	if (!b->hz) {
		struct moment first = m;

		nanosleep(&pause, NULL);
		m = moment_now();
		measure(b, &first, &m);
	}
	b->running = true;
	b->now = m.counter;
	/* Less than this is the time between the two readings. */
	b->age_ns = m.ns + (slept < NS_PER_S / 1000 ? 0 : slept);
}

static void set_rate(struct kx_last_boot *b, uint64_t hz, const char *source)
{
	if (!b->hz && hz) {
		b->hz = hz;
		b->hz_source = source;
	}
}

int kx_last_boot_read(const struct kx_sources *s, struct kx_arena *a, struct kx_last_boot *ret,
		      struct kx_err *err)
{
	static int (*const record[])(const struct kx_sources *s, struct kx_arena *a,
				     struct kx_bytes *ret, const char **ret_source,
				     struct kx_err *err) = {
		[KX_MACHINE_ARM64] = record_arm64,
		[KX_MACHINE_X86_64] = record_x86,
	};
	struct kx_last_boot b = { .machine = kx_machine_name(s->machine) };
	struct kx_bytes bytes = KX_BYTES_NONE;
	uint64_t khz;
	int r;

	r = record[s->machine](s, a, &bytes, &b.source, err);
	if (r < 0)
		return r;
	r = kx_timing_parse(bytes, &b.record, err);
	if (r < 0) {
		kx_err_wrap(err, "%s", b.source);
		return r;
	}
	set_rate(&b, b.record.word[PURG_TIMING_HZ], "record");
	if (kx_root_u64(s->root, 10, &khz, NULL, TSC_KHZ) == 0 && khz < UINT64_MAX / 1000)
		set_rate(&b, khz * 1000, TSC_KHZ);
	if (!*s->root)
		read_clocks(&b);
	*ret = b;
	return 0;
}
