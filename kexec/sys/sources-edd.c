/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BIOS disks (EDD): struct edd_info and MBR signatures as boot_params carries
 * them, include/uapi/linux/edd.h.  The next kernel has no BIOS to ask.
 *
 * The running kernel's boot_params have them byte for byte; without those they
 * are put together again from /sys/firmware/edd (Documentation/ABI/testing/
 * sysfs-firmware-edd, drivers/firmware/edd.c).  Called by sources-x86_64.c.
 */
#include <errno.h>
#include <string.h>

#include "facts.h"
#include "kx/number.h"
#include "x86_64.h"

#define EDD_MAX			6	/* EDDMAXNR */
#define EDD_LEN			82	/* sizeof(struct edd_info) */
#define EDD_PARAMS_OFF		8
#define EDD_PARAMS_LEN		74	/* sizeof(struct edd_device_params) */
#define MBR_MAX			16	/* EDD_MBR_SIG_MAX */

#define BP_EDD_COUNT		0x1e9
#define BP_MBR_COUNT		0x1ea
#define BP_MBR			0x290
#define BP_EDD			0xd00

#define EDD_DIR			"sys/firmware/edd"
#define EDD_NAME		"int13_dev"	/* and the BIOS number, hexadecimal */
#define BIOS_FIRST_DISK		0x80

static uint8_t at_most(uint8_t v, uint8_t max)
{
	return v < max ? v : max;
}

static void from_boot_params(struct kx_x86_facts *f)
{
	const uint8_t *bp = f->boot_params.data;

	f->edd_count = at_most(bp[BP_EDD_COUNT], EDD_MAX);
	f->mbr_count = at_most(bp[BP_MBR_COUNT], MBR_MAX);
	f->edd = (struct kx_bytes){ bp + BP_EDD, EDD_MAX * EDD_LEN };
	f->mbr_signatures = (struct kx_bytes){ bp + BP_MBR, MBR_MAX * 4 };
}

static uint64_t file_number(const struct kx_sources *s, const char *name, const char *file)
{
	uint64_t v;

	return kx_root_u64(s->root, 0, &v, NULL, EDD_DIR "/%s/%s", name, file) < 0 ? 0 : v;
}

/* The lines that edd_show_extensions() prints, in the order of their bits. */
static int read_extensions(const struct kx_sources *s, struct kx_arena *a, const char *name,
			   uint16_t *ret, struct kx_err *err)
{
	static const char *const lines[] = {
		"Fixed disk access", "Device locking and ejecting",
		"Enhanced Disk Drive support", "64-bit extensions"
	};
	const char *text;
	int r;

	r = kx_fact_text(s->root, a, &text, err, EDD_DIR "/%s/extensions", name);
	*ret = 0;
	for (size_t i = 0; r == 0 && i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(text, lines[i]))
			*ret |= (uint16_t)(1u << i);
	return r;
}

static int read_disk(struct kx_sources *s, struct kx_arena *a, const char *name, uint8_t number,
		     uint8_t *edd, struct kx_err *err)
{
	struct kx_bytes raw = KX_BYTES_NONE;
	uint16_t extensions;
	int r;

	r = read_extensions(s, a, name, &extensions, err);
	if (r < 0)
		return r;
	r = kx_root_read(s->root, a, &raw, NULL, EDD_DIR "/%s/raw_data", name);
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, EDD_DIR "/%s: out of memory", name);
	edd[0] = number;
	edd[1] = (uint8_t)file_number(s, name, "version");
	kx_put_le16(edd + 2, extensions);
	kx_put_le16(edd + 4, (uint16_t)file_number(s, name, "legacy_max_cylinder"));
	edd[6] = (uint8_t)file_number(s, name, "legacy_max_head");
	edd[7] = (uint8_t)file_number(s, name, "legacy_sectors_per_track");
	if (r == 0)
		memcpy(edd + EDD_PARAMS_OFF, raw.data,
		       raw.len < EDD_PARAMS_LEN ? raw.len : EDD_PARAMS_LEN);
	return 0;
}

/* 0 to 127 for int13_dev80 to int13_devff. */
static bool disk_index(const char *name, uint8_t *ret)
{
	uint64_t n;

	if (strncmp(name, EDD_NAME, sizeof(EDD_NAME) - 1) ||
	    kx_number_parse(name + sizeof(EDD_NAME) - 1, 16, &n, NULL) < 0 ||
	    n < BIOS_FIRST_DISK || n > UINT8_MAX)
		return false;
	*ret = (uint8_t)(n - BIOS_FIRST_DISK);
	return true;
}

static int from_sysfs(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_x86_facts *f = &s->x86;
	uint8_t *edd, *mbr, i;
	char **names;
	int r;

	r = kx_root_list(s->root, a, EDD_DIR, &names, err);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	edd = kx_arena_alloc(a, EDD_MAX * EDD_LEN);
	mbr = kx_arena_alloc(a, MBR_MAX * 4);
	if (!edd || !mbr)
		return kx_err_set(err, ENOMEM, EDD_DIR ": out of memory");
	for (size_t n = 0; names[n]; n++) {
		if (!disk_index(names[n], &i))
			continue;
		if (i < MBR_MAX && kx_root_exists(s->root, EDD_DIR "/%s/mbr_signature", names[n])) {
			kx_put_le32(mbr + 4 * i, (uint32_t)file_number(s, names[n], "mbr_signature"));
			f->mbr_count = f->mbr_count > i ? f->mbr_count : (uint8_t)(i + 1);
		}
		if (i >= EDD_MAX || !kx_root_exists(s->root, EDD_DIR "/%s/version", names[n]))
			continue;
		r = read_disk(s, a, names[n], (uint8_t)(BIOS_FIRST_DISK + i), edd + EDD_LEN * i, err);
		if (r < 0)
			return r;
		f->edd_count = f->edd_count > i ? f->edd_count : (uint8_t)(i + 1);
	}
	f->edd = (struct kx_bytes){ edd, EDD_MAX * EDD_LEN };
	f->mbr_signatures = (struct kx_bytes){ mbr, MBR_MAX * 4 };
	return 0;
}

int kx_edd_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	if (!s->x86.boot_params.len)
		return from_sysfs(s, a, err);
	from_boot_params(&s->x86);
	return 0;
}
