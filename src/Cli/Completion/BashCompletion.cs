using System.Text;

namespace TrainingCluster.Cli.Completion;

/// <summary>The script for bash.</summary>
internal static class BashCompletion
{
    public static string Script(IReadOnlyList<CompletedCommand> commands)
    {
        var (paths, options, values, words) = (new StringBuilder(), new StringBuilder(), new StringBuilder(), new StringBuilder());
        foreach (var command in commands)
        {
            foreach (var child in command.Children)
            {
                paths.Append($"{(paths.Length > 0 ? "|" : "")}\"{command.Path}/{child.Name}\"");
            }
            options.Append($"    \"{command.Path}\") options='{string.Join(' ', command.Options.Select(option => option.Name))}' ;;\n");
            foreach (var group in command.Options.Where(option => option.Value is not null).GroupBy(option => Generator(option.Value!)))
            {
                values.Append(
                    $"    {string.Join('|', group.Select(option => $"\"{command.Path} {option.Name}\""))}) {group.Key}; return ;;\n"
                );
            }
            var rest = command.Children.Count > 0 ? Offer(command.Children.Select(child => child.Name)) : Generator(command.Argument);
            words.Append($"    \"{command.Path}\") {rest} ;;\n");
        }
        return $$"""
            # Completion of ./cluster for bash: source <(./cluster completion bash)
            _cluster_offer() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
            _cluster_files() { COMPREPLY=($(compgen "$1" -- "$cur")); compopt -o filenames 2>/dev/null; }
            _cluster_jobs() { _cluster_offer "$("${COMP_WORDS[0]}" completion ids 2>/dev/null)"; }

            _cluster() {
              local IFS=$' \n' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at='' options='' i
              # --option=value comes in three words.
              if [ "$cur" = = ]; then cur=''; elif [ "$prev" = = ]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
              COMPREPLY=()
              for ((i = 1; i < COMP_CWORD; i++)); do
                case "$at/${COMP_WORDS[i]}" in
                {{paths}}) at="${at:+$at }${COMP_WORDS[i]}" ;;
                esac
              done
              case "$at $prev" in
            {{values.ToString().TrimEnd('\n')}}
              esac
              case "$at" in
            {{options.ToString().TrimEnd('\n')}}
              esac
              if [[ $cur == -* ]]; then
                _cluster_offer "$options"
                return
              fi
              case "$at" in
            {{words.ToString().TrimEnd('\n')}}
              esac
            }
            complete -F _cluster cluster

            """;
    }

    private static string Offer(IEnumerable<string> words) => $"_cluster_offer '{string.Join(' ', words)}'";

    private static string Generator(CompletedValue value) =>
        value.Kind switch
        {
            CompletedKind.Words => Offer(value.Words),
            CompletedKind.Files => "_cluster_files -f",
            CompletedKind.Folders => "_cluster_files -d",
            CompletedKind.Jobs => "_cluster_jobs",
            _ => ":",
        };
}
