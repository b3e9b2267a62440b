// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jumps between kernels (CONFIG_KEXEC_JUMP): what purgatory has to do when it was
 * loaded with KEXEC_PRESERVE_CONTEXT, and how it gets back into a kernel that
 * was left that way.  doc/jump-protocol.md; called by machine.c and handover.c.
 */
#include "x86_64.h"
#include "jump-map.h"
#include "purgatory/context-note.h"

#define PAGE_OF(pa)	((pa) & ~0xfffULL)

/* SDM vol. 3A, 4.5: a page table entry */
#define PTE_PRESENT	1u
#define PTE_LARGE	0x80u
#define PTE_ADDR	0x000ffffffffff000ULL

#define MSR_EFER	0xc0000080

void purg_preserve_init(const struct purg_param *p)
{
	const uint64_t *top = (const uint64_t *)(uintptr_t)purg_entered.rsp;

	purg_machine.back = purg_machine.slot = 0;
	if (!(p->flags & PURG_F_PRESERVE) && !purg_preserve_again(p))
		return;
	/* The stack is the kernel's swap page, which its page tables map. */
	purg_machine.back = top[0];
	if ((uintptr_t)(top + 1) & 0xfff)
		purg_machine.slot = top[1];	/* else the stack began here */
}

/* The kernel that was woken has its list of pages: it jumped here. */
int purg_preserve_again(const struct purg_param *p)
{
	return p->entry_kind == PURG_ENTRY_WOKEN && purg_machine.door.away;
}

const char *purg_preserve_check(const struct purg_param *p)
{
	if (p->entry_kind == PURG_ENTRY_WOKEN)
		return purg_param_inside(p, p->pc, 1, 0) ? NULL :
		       "woken kernel's return address in no region";
	if (!(p->flags & PURG_F_PRESERVE))
		return "a jump without PURG_F_PRESERVE";
	if (p->entry_kind == PURG_ENTRY_CALL &&
	    (!purg_param_inside(p, p->pc, 1, 0) ||
	     !purg_param_inside(p, p->reg[3] - 16, 16, PURG_REGION_WRITE)))
		return "function or stack in no region";
	if (p->entry_kind == PURG_ENTRY_CALL && p->paging != PURG_PAGING_KEEP)
		return "a call keeps the paging mode";
	if (p->entry_kind == PURG_ENTRY_RETURN &&
	    !purg_param_inside(p, p->pc, 1, PURG_REGION_HANDOVER))
		return "return address in no region that is handed over";
	return NULL;
}

/*
 * PURG_ENTRY_RETURN is a door: entered by the kernel that loaded it (here), it
 * leaves to the other one (there); entered by the other one, it leaves to the one
 * that loaded it.  Each is told to enter the door the next time, so neither has to
 * map the other's control page nor to run with as many levels of page tables.
 */
static void open_door(const struct purg_param *p)
{
	struct purg_door *d = &purg_machine.door;
	struct purg_side came = { purg_machine.back, purg_entered.cr4 & CR4_LA57 };

	d->away = !d->away;
	if (!d->away) {
		d->there = came;
		d->to = d->here;
		return;
	}
	d->here = came;
	if (!d->there.pc) {
		d->there = (struct purg_side){ p->pc, came.la57 };
		if (p->paging != PURG_PAGING_KEEP)
			d->there.la57 = p->paging == PURG_PAGING_5LEVEL ? CR4_LA57 : 0;
	}
	d->to = d->there;
}

/*
 * A door with nobody behind it: entered by whoever loaded us, it leaves to the kernel
 * that is woken, and entered by that one, back to it, with the levels it came with.
 */
static void open_last_door(const struct purg_param *p)
{
	struct purg_door *d = &purg_machine.door;

	d->to = (struct purg_side){ d->away ? purg_machine.back : p->pc, purg_entered.cr4 & CR4_LA57 };
	if (!d->away && p->paging != PURG_PAGING_KEEP)
		d->to.la57 = p->paging == PURG_PAGING_5LEVEL ? CR4_LA57 : 0;
}

/* The control page that we are going to leave to, and the tables to do so on. */
int purg_preserve_map(struct x86_idmap *m, const struct purg_param *p)
{
	int leaves = p->entry_kind == PURG_ENTRY_RETURN || p->entry_kind == PURG_ENTRY_WOKEN;
	struct purg_door *d = &purg_machine.door;
	uint64_t page;

	if (p->entry_kind == PURG_ENTRY_RETURN)
		open_door(p);
	else if (p->entry_kind == PURG_ENTRY_WOKEN)
		open_last_door(p);
	else if (p->entry_kind == PURG_ENTRY_CALL)
		d->to = (struct purg_side){ purg_machine.back, 0 };
	else
		return 0;
	page = PAGE_OF(d->to.pc);
	if (x86_idmap_add(m, page, page + 0x1000, X86_IDMAP_RAM) < page + 0x1000)
		return -1;
	if (leaves)
		d->root = x86_idmap_root(m, d->to.la57 ? 5 : 4);
	return leaves && !d->root ? -1 : 0;
}

/*
 * The bytes at @pa, if the page tables in use map them there: @context is the
 * number of levels.  The tables themselves are memory that they map.
 */
static const void *mapped(const struct jump_memory *mem, uint64_t pa)
{
	uint64_t entry = purg_entered.cr3;

	for (uint32_t level = *(const uint32_t *)mem->context; level; level--) {
		uint32_t shift = 12 + 9 * (level - 1);
		const uint64_t *table = (const uint64_t *)(uintptr_t)(entry & PTE_ADDR);
		uint64_t span = 1ULL << shift;

		entry = table[pa >> shift & 511];
		if (!(entry & PTE_PRESENT))
			return NULL;
		if (level > 1 && level < 4 && (entry & PTE_LARGE)) {
			entry = (entry & PTE_ADDR & ~(span - 1)) | (pa & (span - 1) & ~0xfffULL);
			break;
		}
	}
	return (entry & PTE_ADDR) == PAGE_OF(pa) ? (const void *)(uintptr_t)pa : NULL;
}

static void fill_map(const struct purg_param *p, const struct jump_memory *mem,
		     const struct jump_map *found)
{
	struct context_map *map = (struct context_map *)(uintptr_t)p->map_pa;
	uint64_t room = (p->map_len - sizeof(*map)) / sizeof(struct context_run), n;

	map->list_head = found->head;
	map->page_count = found->pages;
	map->status = CONTEXT_UNKNOWN;
	if (!found->head)
		return;
	n = jump_map_runs(mem, found->head, (struct context_run *)(map + 1), room);
	map->run_count = n < room ? n : room;
	map->status = n <= room ? CONTEXT_FILLED : CONTEXT_CUT;
}

/*
 * Goes back to the page tables we were entered with: only they map the list.
 * The notes are in a segment, and so are mapped there as well.
 */
static struct jump_map find_map(const struct purg_param *p)
{
	uint32_t levels = purg_entered.cr4 & CR4_LA57 ? 5 : 4;
	struct jump_memory mem = { .at = mapped, .context = &levels };
	struct jump_segment seg[PURG_SEGMENTS_MAX];
	struct jump_map found;
	uint64_t ours = purg_rd_cr3();

	for (uint32_t i = 0; i < p->segment_count; i++)
		seg[i] = (struct jump_segment){ p->segment[i].pa, p->segment[i].len };
	purg_wr_cr3(purg_entered.cr3);
	jump_map_find(&mem, PAGE_OF(purg_machine.back), seg, p->segment_count, &found);
	if (p->map_pa)
		fill_map(p, &mem, &found);
	purg_wr_cr3(ours);
	return found;
}

static void fill_state(struct context_state *s, uint64_t head)
{
	s->sp = purg_entered.rsp;
	s->return_address = purg_machine.back;
	s->slot = purg_machine.slot;
	s->control_page = PAGE_OF(purg_machine.back);
	s->table_page = PAGE_OF(purg_entered.cr3);
	s->swap_page = PAGE_OF(purg_entered.rsp);
	s->list_head = head;
	s->cr0 = purg_entered.cr0;
	s->cr3 = purg_entered.cr3;
	s->cr4 = purg_entered.cr4;
	s->efer = purg_rdmsr(MSR_EFER);
	s->status = CONTEXT_FILLED;
}

void purg_preserve_record(struct purg_param *p)
{
	struct context_note *c = (struct context_note *)(uintptr_t)p->context_pa;
	struct jump_map found = { 0 };

	if (!(p->flags & PURG_F_PRESERVE))
		return;
	if (p->state_pa || p->map_pa)
		found = find_map(p);
	if (p->state_pa)
		fill_state((struct context_state *)(uintptr_t)p->state_pa, found.head);
	if (!c)
		return;
	c->entry = purg_machine.back;
	c->status = CONTEXT_FILLED;
}

static void say_returned(struct purg_param *p, uint64_t value)
{
	struct purg_line l;

	if (p->flags & PURG_F_QUIET)
		return;
	purg_line_init(&l);
	purg_line_str(&l, "the function returned ");
	purg_line_hex(&l, value);
	purg_line_print(&l, p);
}

/* The page may have become somebody else's since it was chosen: it says if not. */
static void leave_result(const struct purg_param *p, uint64_t value)
{
	volatile uint64_t *word = (volatile uint64_t *)(uintptr_t)p->result_pa;

	if (!p->result_pa || word[PURG_RESULT_COOKIE] != p->result_cookie)
		return;
	word[PURG_RESULT_VALUE] = value;
	word[PURG_RESULT_CALLS] = purg_machine.calls;
}

PURG_NORETURN void purg_preserve_call(struct purg_param *p)
{
	uint64_t value;

	purg_wr_cr0((purg_rd_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP);
	purg_wr_cr4(purg_rd_cr4() | CR4_OSFXSR);
	value = purg_call64(p->pc, p->reg, p->reg[3]);
	purg_machine.calls++;
	say_returned(p, value);
	leave_result(p, value);
	purg_machine.again = p->base;
	purg_leave(purg_machine.back, &purg_machine.again);
}

/*
 * As the door in both directions; the kernel that loaded us may have left with other
 * registers than the woken one did.
 */
PURG_NORETURN void purg_preserve_wake(struct purg_param *p)
{
	purg_machine.door.away = 1;
	purg_restore_registers();
	purg_preserve_return(p);
}

PURG_NORETURN void purg_preserve_return(struct purg_param *p)
{
	const struct purg_side *to = &purg_machine.door.to;
	uint64_t cr4 = purg_rd_cr4(), want = (cr4 & ~CR4_LA57) | to->la57;

	purg_machine.again = p->base;
	if (want == cr4)
		purg_leave(to->pc, &purg_machine.again);
	purg_leave_levels(to->pc, &purg_machine.again, purg_machine.door.root, want);
}
