// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MACHINE note of a saved core: what has to be the same when the kernel is
 * resumed, as lines KEY=VALUE (doc/resumable-core.md).  Digests are SHA-256, in
 * hex.  What cannot be read has no line.
 *
 * Called by vmcore-dump/snapshot.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "facts.h"
#include "kx/acpi.h"
#include "kx/fdt.h"
#include "kx/json.h"
#include "kx/number.h"
#include "kx/snapshot.h"
#include "kx/sys.h"
#include "purgatory/sha256.h"

#define CPUS		"sys/devices/system/cpu"
#define TABLES		"sys/firmware/acpi/tables"
#define BY_UUID		"dev/disk/by-uuid"
#define TABLE_MAX	(16u << 20)

static void add_digest(struct kx_text *t, const char *key, struct sha256 *h)
{
	uint8_t digest[SHA256_DIGEST_LEN];

	sha256_final(h, digest);
	kx_text_add(t, "%s=", key);
	for (size_t i = 0; i < sizeof(digest); i++)
		kx_text_add(t, "%02x", digest[i]);
	kx_text_add(t, "\n");
}

/* ---- CPUs --------------------------------------------------------------------------- */

/* The rest of the line behind "NAME<tabs>: "; -1: there is none. */
static int value_of(const char *text, const char *name, const char **ret)
{
	size_t n = strlen(name);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, name, n) || p[n + strspn(p + n, "\t ")] != ':')
			continue;
		p += n + strspn(p + n, "\t :");
		*ret = p;
		return (int)strcspn(p, "\n");
	}
	return -1;
}

/*
 * arm64: by device tree the CPU's "reg" is its MPIDR, one or two cells; by ACPI its
 * _UID, which the kernel shows since 5.10, says which structure of the MADT is its.
 */
static bool mpidr_of(const struct kx_sources *s, struct kx_arena *a, size_t cpu, uint64_t *ret)
{
	struct kx_bytes b;
	const char *text;
	uint64_t uid;

	if (kx_root_read(s->root, a, &b, NULL, CPUS "/cpu%zu/of_node/reg", cpu) == 0)
		return b.len % 4 == 0 && b.len && kx_fdt_number(b.data, (int)(b.len / 4), ret);
	return kx_fact_text(s->root, a, &text, NULL, CPUS "/cpu%zu/firmware_node/uid", cpu) == 0 &&
	       kx_number_parse(text, 10, &uid, NULL) == 0 && uid <= UINT32_MAX &&
	       kx_root_read(s->root, a, &b, NULL, TABLES "/APIC") == 0 &&
	       kx_acpi_madt_mpidr(b, (uint32_t)uid, ret, NULL) == 0;
}

/* x86_64: blocks of /proc/cpuinfo, those of the CPUs that are up. */
static void add_apic_ids(const char *info, struct kx_text *t)
{
	const char *cpu, *id;

	for (const char *p = info; p; p = strstr(p, "\n\n")) {
		int n, m;

		p += strspn(p, "\n");
		n = value_of(p, "processor", &cpu);
		m = value_of(p, "apicid", &id);
		if (n > 0 && m > 0)
			kx_text_add(t, "cpu%.*s=%.*s\n", n, cpu, m, id);
	}
}

static int add_cpus(const struct kx_sources *s, struct kx_arena *a, struct kx_text *t,
		    struct kx_err *err)
{
	bool arm64 = s->machine == KX_MACHINE_ARM64;
	const char *info, *online, *v;
	struct sha256 h;
	uint64_t mpidr;
	int r, n;

	r = kx_fact_text(s->root, a, &online, err, CPUS "/online");
	if (r == 0)
		r = kx_fact_text(s->root, a, &info, err, "proc/cpuinfo");
	if (r < 0)
		return r;
	if (*online)
		kx_text_add(t, "cpus=%s\n", online);
	if (!arm64)
		add_apic_ids(info, t);
	for (size_t i = 0; arm64 && mpidr_of(s, a, i, &mpidr); i++)
		kx_text_add(t, "cpu%zu=0x%" PRIx64 "\n", i, mpidr);
	n = value_of(info, arm64 ? "CPU part" : "model name", &v);
	if (n > 0)
		kx_text_add(t, "cpu_model=%.*s\n", n, v);
	n = value_of(info, arm64 ? "Features" : "flags", &v);
	if (n > 0) {
		sha256_init(&h, sha256_blocks_portable);
		sha256_update(&h, v, (size_t)n);
		add_digest(t, "cpu_features", &h);
	}
	if (!arm64)
		kx_text_add(t, "la57=%d\n", s->x86.la57);
	return 0;
}

/* ---- firmware ------------------------------------------------------------------------ */

static void add_map(const struct kx_sources *s, struct kx_text *t)
{
	struct sha256 h;

	if (!s->firmware.n)
		return;
	sha256_init(&h, sha256_blocks_portable);
	for (size_t i = 0; i < s->firmware.n; i++) {
		uint8_t bytes[24];

		kx_put_le64(bytes, s->firmware.v[i].r.start);
		kx_put_le64(bytes + 8, s->firmware.v[i].r.end);
		kx_put_le64(bytes + 16, s->firmware.v[i].type);
		sha256_update(&h, bytes, sizeof(bytes));
	}
	add_digest(t, "firmware_map", &h);
}

/* /chosen is what the boot loader says: another one each time. */
static void add_tree(const struct kx_sources *s, struct kx_arena *a, struct kx_text *t)
{
	const void *fdt, *value;
	int depth = 0, chosen = 0, len;
	const char *name;
	struct sha256 h;

	if (s->machine != KX_MACHINE_ARM64 || !s->arm64.fdt.len ||
	    kx_fdt_open(s->arm64.fdt, a, &fdt, NULL) < 0)
		return;
	sha256_init(&h, sha256_blocks_portable);
	for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(fdt, node, &depth)) {
		name = fdt_get_name(fdt, node, &len);
		if (chosen && depth <= chosen)
			chosen = 0;
		if (depth == 1 && name && !strcmp(name, "chosen"))
			chosen = depth;
		if (chosen || !name)
			continue;
		sha256_update(&h, name, strlen(name) + 1);
		for (int p = fdt_first_property_offset(fdt, node); p >= 0;
		     p = fdt_next_property_offset(fdt, p)) {
			value = fdt_getprop_by_offset(fdt, p, &name, &len);
			if (!value)
				continue;
			sha256_update(&h, name, strlen(name) + 1);
			sha256_update(&h, value, (size_t)len);
		}
	}
	add_digest(t, "device_tree", &h);
}

/*
 * ACPI 6.5, 5.2.9: the fields of the FADT that say where other tables are.  Firmware
 * puts these where it finds room, which may be elsewhere in the next boot: QEMU's
 * does, by the size of the kernel.  On arm64 they are in memory that is saved and
 * comes back with the kernel.  On x86_64 they are not, and have to be where they were.
 */
static const struct {
	size_t off, len;
} fadt_moves[] = {
	{ 9, 1 },		/* checksum */
	{ 36, 8 },		/* FIRMWARE_CTRL, DSDT */
	{ 132, 16 },		/* X_FIRMWARE_CTRL, X_DSDT */
};

static void hash_table(const struct kx_sources *s, const char *name, struct kx_bytes b,
		       struct sha256 *h)
{
	static const uint8_t zeros[16];
	bool moves = s->machine == KX_MACHINE_ARM64 && !strcmp(name, "FACP");
	size_t done = 0;

	sha256_init(h, sha256_blocks_portable);
	for (size_t i = 0; moves && i < sizeof(fadt_moves) / sizeof(fadt_moves[0]); i++) {
		size_t off = fadt_moves[i].off, len = fadt_moves[i].len;

		if (off > b.len || len > b.len - off)
			break;
		sha256_update(h, b.data + done, off - done);
		sha256_update(h, zeros, len);
		done = off + len;
	}
	sha256_update(h, b.data + done, b.len - done);
}

static int add_tables(const struct kx_sources *s, struct kx_arena *a, struct kx_text *t,
		      struct kx_err *err)
{
	struct kx_bytes b;
	char key[32], **names;
	struct sha256 h;
	int r;

	r = kx_root_list(s->root, a, TABLES, &names, NULL);
	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, TABLES ": out of memory");
	for (size_t i = 0; r == 0 && names[i]; i++) {
		if (kx_root_read(s->root, a, &b, NULL, TABLES "/%s", names[i]) < 0 ||
		    b.len > TABLE_MAX)
			continue;
		snprintf(key, sizeof(key), "acpi.%s", names[i]);
		hash_table(s, names[i], b, &h);
		add_digest(t, key, &h);
		kx_arena_release(a, b.data);
	}
	return 0;
}

static const char *firmware_name(const struct kx_sources *s)
{
	if (kx_root_exists(s->root, "sys/firmware/efi"))
		return "efi";
	return s->machine == KX_MACHINE_ARM64 ? "devicetree" : "bios";
}

/* ---- disks ---------------------------------------------------------------------------- */

struct disks {
	const struct kx_sources *s;
	struct kx_text *t;
	char **uuids;			/* NULL-terminated, or NULL */
	dev_t seen[64];
	size_t seen_count;
};

static bool device_of(const struct kx_sources *s, const char *path, dev_t *ret)
{
	char full[PATH_MAX];
	struct stat st;
	int n = snprintf(full, sizeof(full), "%s%s", s->root, path);

	if (n < 0 || n >= (int)sizeof(full) || stat(full, &st) < 0 || !S_ISBLK(st.st_mode))
		return false;
	*ret = st.st_rdev;
	return true;
}

static const char *uuid_of(const struct disks *d, dev_t dev)
{
	char path[NAME_MAX + sizeof(BY_UUID) + 2];
	dev_t other;

	for (char **u = d->uuids; u && *u; u++) {
		snprintf(path, sizeof(path), "/" BY_UUID "/%s", *u);
		if (device_of(d->s, path, &other) && other == dev)
			return *u;
	}
	return "-";
}

/* Many mounts may show one filesystem: the first is enough. */
static void add_disk(struct disks *d, const char *key, dev_t dev, const char *type,
		     const char *mode, const char *path)
{
	for (size_t i = 0; i < d->seen_count; i++)
		if (d->seen[i] == dev)
			return;
	if (d->seen_count == sizeof(d->seen) / sizeof(d->seen[0]))
		return;
	d->seen[d->seen_count++] = dev;
	kx_text_add(d->t, "%s=%u:%u %s %s %s %s\n", key, major(dev), minor(dev), uuid_of(d, dev),
		    type, mode, path);
}

/*
 * "36 35 98:0 /sub /path rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
 * Documentation/filesystems/proc.rst; cut in place.
 */
static void add_mount(struct disks *d, char *line)
{
	char *word[11], *save, *tail = strstr(line, " - ");
	size_t n = 0, m = 0;
	uint64_t dev_major, dev_minor;
	char *colon;
	dev_t dev;

	if (!tail)
		return;
	*tail = '\0';
	for (char *w = strtok_r(line, " ", &save); w && n < 5; w = strtok_r(NULL, " ", &save))
		word[n++] = w;
	for (char *w = strtok_r(tail + 3, " ", &save); w && m < 3; w = strtok_r(NULL, " ", &save))
		word[5 + m++] = w;
	if (n < 5 || m < 3)
		return;
	colon = strchr(word[2], ':');
	if (!colon)
		return;
	*colon = '\0';
	if (kx_number_parse(word[2], 10, &dev_major, NULL) < 0 ||
	    kx_number_parse(colon + 1, 10, &dev_minor, NULL) < 0)
		return;
	dev = makedev((unsigned int)dev_major, (unsigned int)dev_minor);
	/* btrfs and the like have a number of their own, not their disk's. */
	if (!major(dev) && (word[6][0] != '/' || !device_of(d->s, word[6], &dev)))
		return;
	add_disk(d, "filesystem", dev, word[5], strncmp(word[7], "rw", 2) ? "ro" : "rw", word[4]);
}

/* "/dev/sda3 partition 999420 0 -2" below a line of titles. */
static void add_swap(struct disks *d, char *line)
{
	char *save, *path = strtok_r(line, " \t", &save);
	dev_t dev;

	if (path && device_of(d->s, path, &dev))
		add_disk(d, "swap", dev, "swap", "rw", "-");
}

static int add_lines(struct disks *d, const char *file, void (*add)(struct disks *, char *),
		     struct kx_arena *a, struct kx_err *err)
{
	const char *text;
	char *copy, *save;
	int r = kx_fact_text(d->s->root, a, &text, err, "%s", file);

	if (r < 0)
		return r;
	copy = kx_arena_strdup(a, text);
	if (!copy)
		return kx_err_set(err, ENOMEM, "%s: out of memory", file);
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		add(d, l);
	return 0;
}

static int add_disks(const struct kx_sources *s, struct kx_arena *a, struct kx_text *t,
		     struct kx_err *err)
{
	struct disks d = { .s = s, .t = t };
	int r = kx_root_list(s->root, a, BY_UUID, &d.uuids, NULL);

	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, BY_UUID ": out of memory");
	if (r < 0)
		d.uuids = NULL;
	r = add_lines(&d, "proc/self/mountinfo", add_mount, a, err);
	return r == 0 ? add_lines(&d, "proc/swaps", add_swap, a, err) : r;
}

/* ---- all of it -------------------------------------------------------------------------- */

int kx_machine_note(const struct kx_sources *s, struct kx_arena *a, struct kx_bytes *ret,
		    struct kx_err *err)
{
	struct kx_text t;
	const char *text;
	int r;

	kx_text_init(&t, a);
	kx_text_add(&t, "arch=%s\n", s->machine == KX_MACHINE_ARM64 ? "arm64" : "x86_64");
	r = add_cpus(s, a, &t, err);
	if (r < 0)
		return r;
	kx_text_add(&t, "firmware=%s\n", firmware_name(s));
	add_map(s, &t);
	add_tree(s, a, &t);
	r = add_tables(s, a, &t, err);
	if (r == 0)
		r = add_disks(s, a, &t, err);
	if (r < 0)
		return r;
	text = kx_text_str(&t);
	if (!text)
		return kx_err_set(err, ENOMEM, "machine: out of memory");
	*ret = (struct kx_bytes){ (const uint8_t *)text, t.len };
	return 0;
}
