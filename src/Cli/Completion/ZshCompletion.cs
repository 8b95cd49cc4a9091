using System.Text;

namespace TrainingCluster.Cli.Completion;

/// <summary>The script for zsh.</summary>
internal static class ZshCompletion
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
            options.Append(
                $"    \"{command.Path}\") found=({Described(command.Options.Select(each => (each.Name, each.Description)))}) ;;\n"
            );
            foreach (var group in command.Options.Where(option => option.Value is not null).GroupBy(option => Generator(option.Value!)))
            {
                values.Append(
                    $"    {string.Join('|', group.Select(option => $"\"{command.Path} {option.Name}\""))}) {group.Key}; return ;;\n"
                );
            }
            var rest =
                command.Children.Count > 0
                    ? $"found=({Described(command.Children.Select(each => (each.Name, each.Description)))}); _describe command found"
                    : Generator(command.Argument);
            words.Append($"    \"{command.Path}\") {rest} ;;\n");
        }
        return $$"""
            #compdef cluster
            # Completion of ./cluster for zsh: source <(./cluster completion zsh)
            _cluster_jobs() { compadd -- ${(f)"$("${words[1]}" completion ids 2>/dev/null)"} }

            _cluster() {
              local at='' word prev=${words[CURRENT-1]}
              local -a found
              for word in ${words[2,CURRENT-1]}; do
                case "$at/$word" in
                {{paths}}) at="${at:+$at }$word" ;;
                esac
              done
              case "$at $prev" in
            {{values.ToString().TrimEnd('\n')}}
              esac
              if [[ ${words[CURRENT]} == -* ]]; then
                case "$at" in
            {{options.ToString().TrimEnd('\n')}}
                esac
                _describe option found
                return
              fi
              case "$at" in
            {{words.ToString().TrimEnd('\n')}}
              esac
            }
            (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
            compdef _cluster cluster

            """;
    }

    private static string Described(IEnumerable<(string Name, string Description)> words) =>
        string.Join(' ', words.Select(word => Quoted($"{word.Name.Replace(":", "\\:", StringComparison.Ordinal)}:{word.Description}")));

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Generator(CompletedValue value) =>
        value.Kind switch
        {
            CompletedKind.Words => $"compadd -- {string.Join(' ', value.Words)}",
            CompletedKind.Files => "_files",
            CompletedKind.Folders => "_files -/",
            CompletedKind.Jobs => "_cluster_jobs",
            _ => ":",
        };
}
