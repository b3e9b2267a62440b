/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A QEMU plugin that counts what is executed at addresses where physical memory
 * is (QEMU's virt machine has it from 1 GiB on, and no Linux runs code there
 * through its own map): the end of the old kernel, purgatory, the beginning of
 * the next one.  For each instruction: how often, and its loads and stores and
 * their bytes.  Loaded by `cell --count`; read by `counts`.
 *
 *	-plugin count.so,out=FILE
 *
 * The counters are in FILE, mapped, since `cell` ends QEMU with SIGKILL.  It has
 * the layout of struct page[PAGES] for those 64 KiB pages that had code in them.
 *
 * Debian has no package with qemu-plugin.h, so the few declarations of QEMU's
 * documented interface (docs/devel/tcg-plugins.rst, version 1) are made here.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_INLINE_ADD_U64 };
enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_MEM_RW = 3 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
		void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t va, void *data),
		int flags, int rw, void *data);
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
_Bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

#define EXPORT	__attribute__((visibility("default")))
extern int qemu_plugin_version;
EXPORT int qemu_plugin_version = 1;

#include "count.h"

static struct page *pages;

/* The counters of the instruction at @va; NULL if it is none of ours. */
static struct counter *counter_of(uint64_t va)
{
	uint64_t base = va & ~(uint64_t)(PAGE - 1);

	if (va < RAM_START || va >= RAM_END)
		return NULL;
	for (struct page *p = pages; p < pages + PAGES; p++) {
		if (!p->base)
			p->base = base;
		if (p->base == base)
			return &p->insn[(va - base) / 4];
	}
	return NULL;
}

static void access_seen(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t va, void *data)
{
	uint64_t bytes = 1u << qemu_plugin_mem_size_shift(info);
	struct counter *c = data;

	(void)cpu;
	(void)va;
	if (qemu_plugin_mem_is_store(info)) {
		c->stores++;
		c->store_bytes += bytes;
	} else {
		c->loads++;
		c->load_bytes += bytes;
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct counter *c = counter_of(qemu_plugin_insn_vaddr(insn));

		if (!c)
			continue;
		memcpy(&c->opcode, qemu_plugin_insn_data(insn), 4);
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &c->count, 1);
		qemu_plugin_register_vcpu_mem_cb(insn, access_seen, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, c);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	int fd;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "count: expected out=FILE\n");
		return -1;
	}
	fd = open(argv[0] + 4, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, PAGES * sizeof(*pages)) < 0)
		goto fail;
	pages = mmap(NULL, PAGES * sizeof(*pages), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		goto fail;
	close(fd);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
fail:
	perror(argv[0]);
	return -1;
}
