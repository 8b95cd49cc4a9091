using System.CommandLine;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>attention</c>: the pictures of a course on attention, drawn by the library's own layers.</summary>
internal static class AttentionCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Option<string>("--out")
        {
            Description = "Gets the drawings, as SVG.",
            HelpName = "DIR",
            Required = true,
        };
        var libtorch = ProgramOptions.LibtorchFolder();
        var command = new Command(
            "attention",
            "Draw what attention is: kernel regression, scores, positional encoding. A model's own attention: translate --attention."
        )
        {
            folder,
            libtorch,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                Libtorch.Load(parsed.GetValue(libtorch));
                var target = Directory.CreateDirectory(parsed.GetValue(folder)!).FullName;
                foreach (var (name, svg) in CourseFigures.All())
                {
                    await File.WriteAllTextAsync(Path.Combine(target, name), svg, cancellationToken);
                    await terminal.Out.WriteLineAsync(Path.Combine(target, name));
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }
}
