using System.CommandLine;
using System.Text;

namespace TrainingCluster.Cli.Tests;

/// <summary>One command line run in this process, with its input and outputs in memory.</summary>
internal sealed record Session(int ExitCode, string Out, string Error)
{
    public static Task<Session> RunAsync(params string[] args) => WithInputAsync("", args);

    public static Task<Session> WithInputAsync(string input, params string[] args) => WithInputAsync(Encoding.UTF8.GetBytes(input), args);

    public static Task<Session> WithInputAsync(byte[] input, params string[] args) => RunAsync(CommandLine.Create, input, args);

    /// <summary>The same for another tree of commands.</summary>
    public static async Task<Session> RunAsync(Func<Terminal, RootCommand> root, byte[] input, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var terminal = new Terminal
        {
            In = new MemoryStream(input),
            Out = TextWriter.Synchronized(output),
            Error = TextWriter.Synchronized(error),
        };
        var status = await CommandLine.RunAsync(root(terminal), args, terminal);
        return new Session(status, output.ToString(), error.ToString());
    }
}
