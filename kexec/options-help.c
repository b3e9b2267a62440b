/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --help, and --list-options for tests and completion, both read off the table.
 * Called by main.c.
 */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "options-table.h"

static const char *const group_title[G_COUNT] = {
	[G_ACTION] = "What to do (the last of -l, -f, -e, -u counts; none: load, then shutdown -r)",
	[G_KERNEL] = "What to load",
	[G_LOAD] = "How to load it",
	[G_REBOOT] = "How to reboot",
	[G_X86] = "x86_64 only (ignored with a warning elsewhere)",
	[G_JUMP] = "Leaving this kernel to come back",
	[G_SAVED] = "Resuming a saved core (named like a kernel; it is recognised)",
	[G_LATER] = "Known, but not supported yet",
};

#define HELP_INDENT	28
#define HELP_WIDTH	80

/* @text from column HELP_INDENT on, broken between words. */
static void help_wrap(struct kx_text *t, const char *text)
{
	size_t column = HELP_INDENT;

	while (*text) {
		size_t gap = strspn(text, " "), len = strcspn(text + gap, " ");

		if (column + gap + len > HELP_WIDTH - 1) {
			kx_text_add(t, "\n%*s", HELP_INDENT, "");
			column = HELP_INDENT;
			text += gap;
			gap = 0;
		}
		kx_text_add(t, "%.*s", (int)(gap + len), text);
		column += gap + len;
		text += gap + len;
	}
	kx_text_add(t, "\n");
}

static void help_name(struct kx_text *t, const char *name, const struct option_row *row)
{
	kx_text_add(t, "--%s", name);
	if (row->arg == required_argument)
		kx_text_add(t, "=%s", row->metavar);
	else if (row->arg == optional_argument)
		kx_text_add(t, "[=%s]", row->metavar);
}

static void help_row(struct kx_text *t, const struct option_row *row)
{
	size_t start = t->len, used;

	if (row->letter)
		kx_text_add(t, "  -%c, ", row->letter);
	else
		kx_text_add(t, "      ");
	help_name(t, row->name, row);
	if (row->alias) {
		kx_text_add(t, ", ");
		help_name(t, row->alias, row);
	}
	used = t->len - start;
	if (used + 1 > HELP_INDENT)
		kx_text_add(t, "\n%*s", HELP_INDENT, "");
	else
		kx_text_add(t, "%*s", (int)(HELP_INDENT - used), "");
	help_wrap(t, row->help);
}

void options_help(struct kx_text *t)
{
	kx_text_add(t, "kexec-tools %s\n"
		    "Usage: kexec [OPTION]... [KERNEL]\n"
		    "Reboot into another kernel without going through the firmware\n", KX_VERSION);
	for (int g = 0; g < G_COUNT; g++) {
		if (!group_title[g])
			continue;
		kx_text_add(t, "\n%s:\n", group_title[g]);
		for (size_t i = 0; i < option_row_count; i++)
			if (option_rows[i].group == (enum option_group)g)
				help_row(t, &option_rows[i]);
	}
}

static void list_name(struct kx_text *t, const struct option_row *row, const char *name)
{
	static const char *const arg[] = {
		[no_argument] = "none",
		[required_argument] = "required",
		[optional_argument] = "optional",
	};

	kx_text_add(t, "%s\t%c\t%s\t%s\t%s%s\t%s\t%s\n", name, row->letter ? row->letter : '-',
		    arg[row->arg], row->metavar ? row->metavar : "-",
		    row->machines & OPTION_ARM64 ? "arm64" : "",
		    row->machines == OPTION_ANY ? ",x86_64" : row->machines & OPTION_X86_64 ? "x86_64" : "",
		    row->flags & F_LATER ? "later" : "works", row->group == G_HIDDEN ? "hidden" : "shown");
}

void options_list(struct kx_text *t)
{
	for (size_t i = 0; i < option_row_count; i++) {
		list_name(t, &option_rows[i], option_rows[i].name);
		if (option_rows[i].alias)
			list_name(t, &option_rows[i], option_rows[i].alias);
	}
}
