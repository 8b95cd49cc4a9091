using Microsoft.Extensions.Options;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Hosting;

/// <summary>How our programs end.</summary>
public static class ProgramExit
{
    /// <summary>Asked to end, and ended cleanly.</summary>
    public const int Clean = 0;

    /// <summary>Failed while running.</summary>
    public const int Failed = 1;

    /// <summary>Started with options that cannot work: a port in use, a folder that cannot be written to, …</summary>
    public const int BadUsage = 2;

    /// <summary>Runs a program; what is wrong with its options or with libtorch goes to standard error.</summary>
    public static async Task<int> RunAsync(string program, Func<Task<int>> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        PrivateFiles.Apply();
        try
        {
            return await run();
        }
        catch (OptionsValidationException e)
        {
            await TellAsync(e);
            return BadUsage;
        }
        catch (AggregateException e) when (e.InnerExceptions.All(inner => inner is OptionsValidationException))
        {
            // Several sections at once.
            foreach (var inner in e.InnerExceptions.Cast<OptionsValidationException>())
            {
                await TellAsync(inner);
            }
            return BadUsage;
        }
        catch (Exception e) when (e is InvalidDataException or LibtorchException)
        {
            await Console.Error.WriteLineAsync($"{program}: {e.Message}");
            return BadUsage;
        }

        async Task TellAsync(OptionsValidationException invalid)
        {
            foreach (var failure in invalid.Failures)
            {
                await Console.Error.WriteLineAsync($"{program}: {failure}");
            }
        }
    }
}
