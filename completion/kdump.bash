# SPDX-License-Identifier: GPL-2.0-only
# Completion of kdump(8) for bash.  Commands and options equal the tables in
# kdump/options.c; tests/cli/kdump compares.

_kdump()
{
	local cur prev words cword word
	local verbs='status load unload reload estimate check test capture list show prune'
	local long='
		--config= --json --dry-run --yes --keep= --path= --kexec= --vmcore-dump=
		--sysroot= --end-hook= --help --version
	'

	_init_completion -s || return

	case $prev in
	--config|--kexec|--vmcore-dump|--end-hook)
		_filedir
		return ;;
	--path|--sysroot)
		_filedir -d
		return ;;
	--keep)
		return ;;
	show)
		COMPREPLY=($(compgen -W 'latest' -- "$cur"))
		return ;;
	esac

	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$long" -- "$cur"))
		[[ ${COMPREPLY-} == *= ]] && compopt -o nospace
		return
	fi
	for word in "${words[@]:1:cword-1}"; do
		[[ $word == -* || " $verbs " != *" $word "* ]] || return
	done
	COMPREPLY=($(compgen -W "$verbs" -- "$cur"))
}
complete -F _kdump kdump
