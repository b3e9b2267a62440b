// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the running kernel's LPI tables are (kx/gic.h).  Its log says so when it
 * starts, and any kernel lets root read that.  When that part of the log was
 * overwritten, the redistributors themselves are read through /dev/mem, where the
 * kernel allows it: CONFIG_IO_STRICT_DEVMEM forbids it since the driver claims them
 * (5.18), and so does lockdown.  Called by machine-note.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "facts.h"
#include "gic-tables.h"
#include "open.h"

#define CPUS		"sys/devices/system/cpu"
/* CONSOLE_EXT_LOG_MAX */
#define RECORD_MAX	8192

/* ---- the log ---------------------------------------------------------------------- */

/* One record of the device; of a captured machine's file, many. */
static void add_records(struct kx_gic_log *log, const char *buf, size_t len)
{
	while (len) {
		const char *nl = memchr(buf, '\n', len);
		size_t n = nl ? (size_t)(nl - buf) : len;

		kx_gic_log_add(log, (struct kx_bytes){ (const uint8_t *)buf, n });
		buf += n + !!nl;
		len -= n + !!nl;
	}
}

static int read_log(const char *root, struct kx_gic_log *log, struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open_below(root, "dev/kmsg", O_RDONLY | O_NONBLOCK);
	char buf[RECORD_MAX];
	size_t len = 0;
	int r;

	if (fd < 0)
		return kx_err_set(err, ENODATA, "the log cannot be read: %s", strerror(-fd));
	/* -EPIPE: records went while we read; -EAGAIN: that was all. */
	do {
		r = kx_read_some(fd, buf, sizeof(buf), &len);
		if (r == 0)
			add_records(log, buf, len);
	} while (r == -EPIPE || (r == 0 && len));
	return 0;
}

static int tables_of_log(const char *root, struct kx_arena *a, struct kx_gic_tables *ret,
			 struct kx_err *err)
{
	const char *online, *present;
	struct kx_gic_log *log = kx_arena_alloc(a, sizeof(*log));
	int r;

	if (!log)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = kx_fact_text(root, a, &online, err, CPUS "/online");
	if (r == 0)
		r = kx_fact_text(root, a, &present, err, CPUS "/present");
	if (r == 0)
		r = read_log(root, log, err);
	return r < 0 ? r : kx_gic_log_tables(log, online, present, ret, err);
}

/* ---- the redistributors ------------------------------------------------------------ */

/* Arm IHI0069, 12.11; as purgatory/arm64/gic.c walks them. */
#define GICR_CTLR		0x0000
#define GICR_CTLR_ENABLE_LPIS	1u
#define GICR_TYPER		0x0008
#define GICR_TYPER_VLPIS	2u
#define GICR_TYPER_LAST		16u
#define GICR_PROPBASER		0x0070
#define GICR_PENDBASER		0x0078
#define GICR_PIDR2		0xffe8
#define PROPBASER_PA		0x000ffffffffff000ULL
#define PENDBASER_PA		0x000fffffffff0000ULL

static uint32_t read32(const uint8_t *frame, size_t reg)
{
	return *(const volatile uint32_t *)(const volatile void *)(frame + reg);
}

static uint64_t read64(const uint8_t *frame, size_t reg)
{
	return *(const volatile uint64_t *)(const volatile void *)(frame + reg);
}

static int add_frame(const uint8_t *frame, uint64_t pa, struct kx_gic_tables *ret,
		     struct kx_err *err)
{
	uint64_t prop_pa = read64(frame, GICR_PROPBASER) & PROPBASER_PA;

	/* Of a CPU that the kernel did not run on. */
	if (!(read32(frame, GICR_CTLR) & GICR_CTLR_ENABLE_LPIS))
		return 0;
	if (ret->count && ret->prop_pa != prop_pa)
		return kx_err_set(err, ENODATA,
				  "expected one LPI property table, have 0x%" PRIx64 " and 0x%" PRIx64,
				  ret->prop_pa, prop_pa);
	ret->prop_pa = prop_pa;
	return kx_gic_tables_add(ret, (struct purg_lpi){
		pa, read64(frame, GICR_PENDBASER) & PENDBASER_PA,
	}, err);
}

/* *ret_len: to the next redistributor; 0: this one is the last. */
static int read_frame(int fd, const struct purg_gicr *r, uint64_t pa, uint64_t *ret_len,
		      struct kx_gic_tables *ret, struct kx_err *err)
{
	const uint8_t *frame = mmap(NULL, KX_GIC_FRAME, PROT_READ, MAP_SHARED, fd, (off_t)pa);
	uint32_t rev, typer;
	int rc = 0;

	if (frame == MAP_FAILED)
		return kx_err_set(err, ENODATA, "/dev/mem at 0x%" PRIx64 ": %s", pa, strerror(errno));
	rev = read32(frame, GICR_PIDR2) & 0xf0;
	typer = read32(frame, GICR_TYPER);
	*ret_len = 0;
	if (rev == 0x30 || rev == 0x40) {
		rc = add_frame(frame, pa, ret, err);
		*ret_len = r->stride ? r->stride : typer & GICR_TYPER_VLPIS ? 4 * KX_GIC_FRAME :
									     2 * KX_GIC_FRAME;
		if (typer & GICR_TYPER_LAST)
			*ret_len = 0;
	}
	munmap((void *)(uintptr_t)frame, KX_GIC_FRAME);
	return rc;
}

static int tables_of_registers(const struct kx_sources *s, struct kx_gic_tables *ret,
			       struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open_below(s->root, "dev/mem", O_RDONLY | O_SYNC);
	int rc = 0;

	ret->count = 0;
	if (fd < 0)
		return kx_err_set(err, ENODATA, "/dev/mem: %s", strerror(-fd));
	for (uint32_t i = 0; i < s->arm64.gic.gicr_count && rc == 0; i++) {
		const struct purg_gicr *r = &s->arm64.gic.gicr[i];
		uint64_t off = 0, len = 0;

		do {
			off += len;
			if (off > r->len || r->len - off < 2 * KX_GIC_FRAME)
				break;
			rc = read_frame(fd, r, r->pa + off, &len, ret, err);
		} while (rc == 0 && len);
	}
	if (rc == 0 && !ret->count)
		rc = kx_err_set(err, ENODATA, "/dev/mem: no redistributor is known to have LPIs on");
	return rc;
}

/* ---- either --------------------------------------------------------------------------- */

int kx_gic_tables_read(const struct kx_sources *s, struct kx_arena *a, struct kx_gic_tables *ret,
		       struct kx_err *err)
{
	struct kx_err log = { .code = 0 }, registers = { .code = 0 };
	int r = tables_of_log(s->root, a, ret, &log);

	if (r == 0)
		return 0;
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "%s", log.text);
	if (tables_of_registers(s, ret, &registers) == 0)
		return 0;
	return kx_err_set(err, ENODATA, "%s; nor can the redistributors be asked: %s", log.text,
			  registers.text);
}
