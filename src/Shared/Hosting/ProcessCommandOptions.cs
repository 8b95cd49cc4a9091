using System.CommandLine;
using TrainingCluster.Logging;
using TrainingCluster.Settings;

namespace TrainingCluster.Hosting;

/// <summary><see cref="ProcessOptions"/> on a command line.</summary>
/// <param name="grpc">Its usual gRPC port, and what that is for.</param>
/// <param name="http">The same of its HTTP port.</param>
/// <param name="sections">What people can set.</param>
public sealed class ProcessCommandOptions((int Port, string Use) grpc, (int Port, string Use) http, IReadOnlyList<SettingsSection> sections)
{
    private readonly Option<string> _host = new("--host")
    {
        Description = "Address to listen on; 0.0.0.0 for all.",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private readonly Option<string?> _advertise = new("--advertise")
    {
        Description = "Host name or address that others reach this one by. Default: --host, or the machine's name where that is 0.0.0.0.",
        HelpName = "HOST",
    };

    private readonly Option<int> _grpcPort = ProgramOptions.Port("--grpc-port", grpc.Port, grpc.Use);
    private readonly Option<int> _httpPort = ProgramOptions.Port("--http-port", http.Port, http.Use);

    private readonly Option<string?> _tls = new("--tls")
    {
        Description =
            "Folder of this process' certificate (tls.crt, tls.key) and of the CAs that it trusts (ca.crt): TLS on all ports, "
            + "and no stranger is let in. './cluster certs' makes it. Files that change are taken over while the process runs.",
        HelpName = "DIR",
    };

    private readonly Option<bool> _insecure = ProgramOptions.Insecure();

    private readonly Option<string?> _readyFile = new("--ready-file")
    {
        Description = "Write a JSON object with all addresses here once everything listens.",
        HelpName = "PATH",
    };

    private readonly Option<int?> _parentPid = new("--parent-pid") { Description = "End when this process is gone.", HelpName = "PID" };
    private readonly LoggingCommandOptions _logging = new();
    private readonly Option<string[]> _set = ProgramSettings.Option(sections);

    /// <summary>Puts them on the command line, behind those that the program alone has.</summary>
    public void AddTo(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        Option[] all =
        [
            _host,
            _advertise,
            _grpcPort,
            _httpPort,
            _tls,
            _insecure,
            _readyFile,
            _parentPid,
            _logging.Format,
            _logging.Levels,
            _set,
        ];
        foreach (var option in all)
        {
            command.Add(option);
        }
    }

    /// <summary>The program's own options with what was given of these.</summary>
    public T Of<T>(ParseResult parsed, T own)
        where T : ProcessOptions
    {
        ArgumentNullException.ThrowIfNull(parsed);
        ArgumentNullException.ThrowIfNull(own);
        ProcessOptions all = own;
        return (T)(
            all with
            {
                Host = parsed.GetRequiredValue(_host),
                Advertise = parsed.GetValue(_advertise),
                GrpcPort = parsed.GetValue(_grpcPort),
                HttpPort = parsed.GetValue(_httpPort),
                Tls = parsed.GetValue(_tls),
                Insecure = parsed.GetValue(_insecure),
                ReadyFile = parsed.GetValue(_readyFile),
                ParentPid = parsed.GetValue(_parentPid),
                Settings = ProgramSettings.Read([.. parsed.GetValue(_set)!, .. _logging.Settings(parsed)]),
            }
        );
    }
}
