using System.CommandLine;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Settings;

namespace TrainingCluster.Hosting;

/// <summary>Options that several programs have in common.</summary>
public static class ProgramOptions
{
    /// <summary>A required folder.</summary>
    public static Option<string> Data(string description) =>
        new("--data")
        {
            Description = description,
            Required = true,
            HelpName = "DIR",
        };

    /// <summary>A port.</summary>
    public static Option<int> Port(string name, int standard, string what)
    {
        var option = new Option<int>(name)
        {
            Description = $"Port of {what}; 0 for any.",
            DefaultValueFactory = _ => standard,
            HelpName = "PORT",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65535)
            {
                result.AddError($"{name}: a port is a number from 0 to 65535.");
            }
        });
        return option;
    }

    /// <summary>Without TLS on an address that others reach.</summary>
    public const string InsecureFlag = "--insecure-no-authentication";

    /// <summary>Says that strangers are meant to get in.</summary>
    public static Option<bool> Insecure() =>
        new(InsecureFlag)
        {
            Description =
                "Listen without TLS on an address that other machines reach: anyone who does may submit jobs, read models and register "
                + "as a worker.",
        };

    /// <summary>Where libtorch is.</summary>
    public static Option<string?> LibtorchFolder() =>
        new("--libtorch")
        {
            Description =
                $"Folder torch/lib of an installed PyTorch, for CPU or CUDA; ${Libtorch.Variable} does the same. Default: the "
                + "libtorch beside the program.",
            HelpName = "DIR",
        };

    /// <summary>What <see cref="SharedMemory"/> and <see cref="DataConnections"/> say by default.</summary>
    public const string On = "on";

    /// <summary>Whether workers of one machine exchange gradients through shared memory: on or off.</summary>
    public static Option<string> SharedMemory() =>
        OnOff(
            "--shared-memory",
            "Exchange gradients with workers on this machine through shared memory where that is possible: on or off."
        );

    /// <summary>Whether gradients take TCP connections of their own to workers that do not share memory: on or off.</summary>
    public static Option<string> DataConnections() =>
        OnOff(
            "--data-connections",
            "Send gradients to workers that do not share memory over TCP connections beside gRPC, at its port: on or off."
        );

    private static Option<string> OnOff(string name, string description)
    {
        var option = new Option<string>(name)
        {
            Description = description,
            DefaultValueFactory = _ => On,
            HelpName = "on|off",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not (On or "off"))
            {
                result.AddError($"{name}: on or off.");
            }
        });
        return option;
    }

    /// <summary>Reads the command line and runs the program: wrong options are told on standard error, with exit code 2.</summary>
    public static async Task<int> InvokeAsync(RootCommand command, string[] args)
    {
        ArgumentNullException.ThrowIfNull(command);
        var parsed = Arguments.Read(command, args);
        // The programs take signals themselves.
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        var empty = EmptyValues.Of(parsed);
        var errors = empty.Count > 0 ? empty : [.. parsed.Errors.Select(error => error.Message)];
        if (errors.Count == 0)
        {
            return await parsed.InvokeAsync(configuration);
        }
        foreach (var error in errors)
        {
            await Console.Error.WriteLineAsync(error);
        }
        await Console.Error.WriteLineAsync("--help tells what there is.");
        return ProgramExit.BadUsage;
    }
}
