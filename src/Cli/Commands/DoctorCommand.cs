using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Doctor;
using TrainingCluster.Hosting;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>doctor</c>: what this machine has, and whether it can train.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var data = new Option<string>("--data")
        {
            Description = "The folder whose disk is looked at.",
            HelpName = "DIR",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var libtorch = ProgramOptions.LibtorchFolder();
        var json = SharedOptions.Json();
        var command = new Command(
            "doctor",
            "Show what this machine has (libtorch, instruction sets, memory, ports, GPU), and what it lacks to train."
        )
        {
            data,
            libtorch,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var findings = new List<Finding>(await MachineFindings.CollectAsync(parsed.GetValue(data)!, cancellationToken));
                findings.AddRange(LibtorchFindings.Collect(parsed.GetValue(libtorch)));
                return await WriteAsync(terminal, findings, parsed.GetValue(json));
            }
        );
        return command;
    }

    /// <summary>The parts to the output; what is wrong, and what helps, to the error output.</summary>
    private static async Task<int> WriteAsync(Terminal terminal, IReadOnlyList<Finding> findings, bool json)
    {
        var problems = findings.Where(finding => finding.Problem is not null).ToList();
        if (json)
        {
            var report = new { canTrain = problems.Count == 0, findings };
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, JsonSerializerOptions.Web));
            if (problems.Count > 0)
            {
                throw new CliException(string.Join('\n', problems.Select(finding => $"{finding.Part}: {finding.Problem}")))
                {
                    ExitCode = ExitCodes.BadUsage,
                    Code = "CANNOT_TRAIN",
                };
            }
        }
        else
        {
            var rows = findings.Select(finding => (string[])[finding.Part, finding.Found]).ToList();
            await Table.WriteAsync(terminal, ["PART", new("FOUND", Yield.Text)], rows);
            foreach (var finding in problems)
            {
                await terminal.Error.WriteLineAsync($"cluster: {finding.Part}: {finding.Problem}");
            }
        }
        return problems.Count == 0 ? ExitCodes.Succeeded : ExitCodes.BadUsage;
    }
}
