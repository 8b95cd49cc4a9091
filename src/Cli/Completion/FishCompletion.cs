using System.Text;

namespace TrainingCluster.Cli.Completion;

/// <summary>The script for fish.</summary>
internal static class FishCompletion
{
    public static string Script(IReadOnlyList<CompletedCommand> commands)
    {
        var script = new StringBuilder(
            """
            # Completion of ./cluster for fish: ./cluster completion fish | source
            function __cluster_at
              set -l at ''
              for word in (commandline -opc)[2..-1]
                switch "$at/$word"
                  case 
            """.TrimEnd()
        );
        foreach (var command in commands)
        {
            foreach (var child in command.Children)
            {
                script.Append($" {Quoted($"{command.Path}/{child.Name}")}");
            }
        }
        script.Append(
            """

                    set at (string trim -- "$at $word")
                end
              end
              test "$at" = "$argv[1]"
            end
            function __cluster_jobs
              set -l program (commandline -opc)[1]
              $program completion ids 2>/dev/null
            end
            complete -c cluster -f

            """
        );
        foreach (var command in commands)
        {
            var condition = Quoted($"__cluster_at \"{command.Path}\"");
            foreach (var child in command.Children)
            {
                script.Append($"complete -c cluster -n {condition} -a {child.Name} -d {Quoted(child.Description)}\n");
            }
            if (Generator(command.Argument) is { Length: > 0 } argument)
            {
                script.Append($"complete -c cluster -n {condition}{argument}\n");
            }
            foreach (var option in command.Options)
            {
                var name = option.Name.StartsWith("--", StringComparison.Ordinal) ? $"-l {option.Name[2..]}" : $"-s {option.Name[1..]}";
                var value = option.Value is null ? "" : $" -x{Generator(option.Value)}";
                script.Append($"complete -c cluster -n {condition} {name}{value} -d {Quoted(option.Description)}\n");
            }
        }
        return script.ToString();
    }

    private static string Quoted(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    private static string Generator(CompletedValue value) =>
        value.Kind switch
        {
            CompletedKind.Words => $" -a {Quoted(string.Join(' ', value.Words))}",
            CompletedKind.Files => " -a '(__fish_complete_path (commandline -ct))'",
            CompletedKind.Folders => " -a '(__fish_complete_directories (commandline -ct))'",
            CompletedKind.Jobs => " -a '(__cluster_jobs)'",
            _ => "",
        };
}
