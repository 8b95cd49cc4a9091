using System.CommandLine;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Settings;

namespace TrainingCluster.Hosting;

/// <summary>Options that coordinator and worker have in common.</summary>
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

    /// <summary>The address to listen on.</summary>
    public static Option<string> Host() =>
        new("--host") { Description = "Address to listen on; 0.0.0.0 for all.", DefaultValueFactory = _ => "127.0.0.1" };

    /// <summary>The host that others are told.</summary>
    public static Option<string?> Advertise() =>
        new("--advertise")
        {
            Description =
                "Host name or address that others reach this one by. Default: --host, or the machine's name where that is 0.0.0.0.",
            HelpName = "HOST",
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

    /// <summary>The folder of the process' identity.</summary>
    public static Option<string?> Tls() =>
        new("--tls")
        {
            Description =
                "Folder of this process' certificate (tls.crt, tls.key) and of the CAs that it trusts (ca.crt): TLS on all ports, "
                + "and no stranger is let in. './cluster certs' makes it. Files that change are taken over while the process runs.",
            HelpName = "DIR",
        };

    /// <summary>Says that strangers are meant to get in.</summary>
    public static Option<bool> Insecure() =>
        new(InsecureFlag)
        {
            Description =
                "Listen without TLS on an address that other machines reach: anyone who does may submit jobs, read models and register "
                + "as a worker.",
        };

    /// <summary>The file that says where everything listens.</summary>
    public static Option<string?> ReadyFile() =>
        new("--ready-file") { Description = "Write a JSON object with all addresses here once everything listens.", HelpName = "PATH" };

    /// <summary>Where libtorch is.</summary>
    public static Option<string?> LibtorchFolder() =>
        new("--libtorch")
        {
            Description =
                $"Folder torch/lib of an installed PyTorch, for CPU or CUDA; ${Libtorch.Variable} does the same. Default: the "
                + "libtorch beside the program.",
            HelpName = "DIR",
        };

    /// <summary>The process to watch.</summary>
    public static Option<int?> ParentPid() => new("--parent-pid") { Description = "End when this process is gone.", HelpName = "PID" };

    /// <summary>What <see cref="SharedMemory"/> says by default.</summary>
    public const string On = "on";

    /// <summary>Whether workers of one machine exchange gradients through shared memory: on or off.</summary>
    public static Option<string> SharedMemory()
    {
        var option = new Option<string>("--shared-memory")
        {
            Description = "Exchange gradients with workers on this machine through shared memory where that is possible: on or off.",
            DefaultValueFactory = _ => On,
            HelpName = "on|off",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not (On or "off"))
            {
                result.AddError("--shared-memory: on or off.");
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
