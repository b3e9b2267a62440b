/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live device tree is a directory tree: a directory per node, a file per
 * property (Documentation/ABI/testing/sysfs-firmware-ofw).  /sys/firmware/fdt
 * is better, being what the firmware gave, but only root can read it and
 * kernels before 3.19 lack it.  Called by sources-arm64.c.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdbool.h>
#include <string.h>

#include "devicetree.h"
#include "kx/fdt.h"
#include "kx/sys.h"

/* FDT_MAX_DEPTH in the kernel's drivers/of/fdt.c */
#define DEPTH_MAX	64

struct flattener {
	const char *root;
	struct kx_arena *arena;
	void *fdt;
	struct kx_err *err;
};

static int flatten_err(const struct flattener *f, int r, const char *path)
{
	if (r == -FDT_ERR_NOSPACE)
		return kx_err_set(f->err, E2BIG, "%s: the tree needs more than 0x%x bytes", path,
				  KX_FDT_MAX);
	return kx_err_set(f->err, EINVAL, "%s: %s", path, fdt_strerror(r));
}

/* An unreadable property (some are for root only) is left out. */
static int add_property(const struct flattener *f, const char *dir, const char *name)
{
	struct kx_bytes b;
	int r;

	r = kx_root_read(f->root, f->arena, &b, NULL, "%s/%s", dir, name);
	if (r == -ENOMEM)
		return kx_err_set(f->err, ENOMEM, "%s/%s: out of memory", dir, name);
	if (r < 0)
		return 0;
	if (b.len > KX_FDT_MAX)
		return flatten_err(f, -FDT_ERR_NOSPACE, dir);
	r = fdt_property(f->fdt, name, b.len ? b.data : (const uint8_t *)"", (int)b.len);
	return r < 0 ? flatten_err(f, r, dir) : 0;
}

static int add_node(const struct flattener *f, const char *dir, const char *name,
		    char **entries, unsigned int depth);

/*
 * Properties come before children in the flat form, so those wait: @lists gets
 * the entries of what turns out to be a directory.
 */
static int add_entries(const struct flattener *f, const char *dir, char **entries,
		       char ***lists, bool *ret_any)
{
	for (size_t i = 0; entries[i]; i++) {
		const char *path = kx_arena_printf(f->arena, "%s/%s", dir, entries[i]);
		int r;

		if (!path)
			return kx_err_set(f->err, ENOMEM, "out of memory");
		r = kx_root_list(f->root, f->arena, path, &lists[i], NULL);
		if (r == 0) {
			*ret_any = true;
			continue;
		}
		if (r == -ENOMEM)
			return kx_err_set(f->err, ENOMEM, "out of memory");
		/* The kernel shows every node's name as a property, too. */
		if (strcmp(entries[i], "name") == 0)
			continue;
		r = add_property(f, dir, entries[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_children(const struct flattener *f, const char *dir, char **entries,
			char ***lists, unsigned int depth)
{
	for (size_t i = 0; entries[i]; i++) {
		const char *path;
		int r;

		if (!lists[i])
			continue;
		path = kx_arena_printf(f->arena, "%s/%s", dir, entries[i]);
		if (!path)
			return kx_err_set(f->err, ENOMEM, "out of memory");
		r = add_node(f, path, entries[i], lists[i], depth + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_node(const struct flattener *f, const char *dir, const char *name,
		    char **entries, unsigned int depth)
{
	size_t count = 0;
	char ***lists;
	bool any = false;
	int r;

	if (depth > DEPTH_MAX)
		return kx_err_set(f->err, E2BIG, "%s: the tree is deeper than %d nodes", dir,
				  DEPTH_MAX);
	while (entries[count])
		count++;
	lists = kx_arena_alloc(f->arena, (count + 1) * sizeof(*lists));
	if (!lists)
		return kx_err_set(f->err, ENOMEM, "out of memory");
	r = fdt_begin_node(f->fdt, name);
	if (r < 0)
		return flatten_err(f, r, dir);
	r = add_entries(f, dir, entries, lists, &any);
	if (r == 0 && any)
		r = add_children(f, dir, entries, lists, depth);
	if (r < 0)
		return r;
	r = fdt_end_node(f->fdt);
	return r < 0 ? flatten_err(f, r, dir) : 0;
}

int kx_devicetree_flatten(const char *root, const char *dir, struct kx_arena *a,
			  struct kx_bytes *ret, struct kx_err *err)
{
	struct flattener f = { root, a, NULL, err };
	char **entries;
	int r;

	r = kx_root_list(root, a, dir, &entries, err);
	if (r < 0)
		return r;
	f.fdt = kx_arena_alloc(a, KX_FDT_MAX);
	if (!f.fdt)
		return kx_err_set(err, ENOMEM, "%s: out of memory", dir);
	r = fdt_create(f.fdt, KX_FDT_MAX);
	if (r == 0)
		r = fdt_finish_reservemap(f.fdt);
	if (r < 0)
		return flatten_err(&f, r, dir);
	r = add_node(&f, dir, "", entries, 1);
	if (r < 0)
		return r;
	r = fdt_finish(f.fdt);
	if (r < 0)
		return flatten_err(&f, r, dir);
	*ret = (struct kx_bytes){ f.fdt, fdt_totalsize(f.fdt) };
	return 0;
}
