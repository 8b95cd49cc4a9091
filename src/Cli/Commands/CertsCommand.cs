using System.Buffers;
using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Security;
using TrainingCluster.Security;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>certs</c>: a CA, certificates and a first token for a cluster; again: new certificates.</summary>
internal static class CertsCommand
{
    private const int LongestDays = 3_650;
    private const int LongestCaDays = 36_500;

    private static readonly SearchValues<char> s_plain = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%"
    );

    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<string>("DIR")
        {
            Description = "Gets the folders ca, coordinator, worker, serving and client, and the file tokens.",
        };
        var coordinatorHosts = Hosts(
            "--coordinator-host",
            "HOST",
            "By which others call the coordinator, besides this machine's own names; may be given several times."
        );
        var workerHosts = Hosts("--worker-name", "NAME", "The same for workers; *.example.org stands for one label.");
        var servingHosts = Hosts("--serving-host", "HOST", "The same for servers of translations.");
        var days = new NumberOption<int>("--days", 1, LongestDays)
        {
            Description = "How long the certificates live, but not longer than the CA.",
            DefaultValueFactory = _ => 365,
        };
        var caDays = new NumberOption<int>("--ca-days", 1, LongestCaDays)
        {
            Description = "How long a new CA lives.",
            DefaultValueFactory = _ => 3_650,
        };
        var newCa = new Option<bool>("--new-ca")
        {
            Description = "Make a new CA though there is one; programs that read ca.crt trust both.",
        };
        var json = SharedOptions.Json();
        var command = new Command(
            "certs",
            "Make a CA, certificates for the programs, and a first token; run again, new certificates by the same CA."
        )
        {
            folder,
            coordinatorHosts,
            workerHosts,
            servingHosts,
            days,
            caDays,
            newCa,
            json,
        };
        command.SetAction(
            async (parsed, _) =>
            {
                var options = new ClusterCertificatesOptions
                {
                    CoordinatorHosts = Spell(coordinatorHosts.Name, parsed.GetValue(coordinatorHosts)!),
                    WorkerHosts = Spell(workerHosts.Name, parsed.GetValue(workerHosts)!),
                    ServingHosts = Spell(servingHosts.Name, parsed.GetValue(servingHosts)!),
                    Days = parsed.GetValue(days),
                    CaDays = parsed.GetValue(caDays),
                    NewCa = parsed.GetValue(newCa),
                };
                var target = new CertificateFolder(Path.GetFullPath(parsed.GetValue(folder)!));
                OutputFolder.RequireWritable("DIR", target.Root);
                var made = ClusterCertificates.Make(target, options, terminal.Time);
                await (parsed.GetValue(json) ? WriteJsonAsync(terminal, target, made) : WriteAsync(terminal, target, made));
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static Option<string[]> Hosts(string name, string helpName, string description) =>
        new(name)
        {
            Description = description,
            HelpName = helpName,
            DefaultValueFactory = _ => [],
        };

    private static List<string> Spell(string option, IEnumerable<string> hosts) =>
        [
            .. hosts
                .Select(host =>
                    HostNames.Spell(host)
                    ?? throw CliException.BadUsage(
                        $"{option} '{host}' is no name and no address of a host; write one such as coordinator.example.org,"
                            + " *.workers.example.org, 10.0.0.5 or fd00::5, without a port"
                    )
                )
                .Distinct(),
        ];

    private static async Task WriteAsync(Terminal terminal, CertificateFolder folder, MadeCertificates made)
    {
        var older = made.OlderAuthorities > 0 ? $", {made.OlderAuthorities} older trusted besides" : "";
        await Table.WriteAsync(
            terminal,
            [new("MADE", Yield.Text), new("WHAT", Yield.Text), "ENDS"],
            [
                [folder.Authority, $"{made.AuthorityName} ({(made.IsAuthorityNew ? "new" : "kept")}{older})", Day(made.AuthorityEnds)],
                Row(CertificateRole.Coordinator, made.Coordinator),
                Row(CertificateRole.Worker, made.Worker),
                Row(CertificateRole.Serving, made.Serving),
                [folder.Tokens, made.AreTokensNew ? $"operator {ClusterCertificates.FirstToken} (new)" : "kept", "-"],
                [folder.ClientToken, FirstToken(), "-"],
            ]
        );
        var (ca, token) = (Quoted(folder.ClientAuthority), Quoted(folder.ClientToken));
        await terminal.Out.WriteLineAsync(
            $"""

            A cluster of this machine, and its clients:
              ./cluster up --tls {Quoted(folder.Root)}
              export CLUSTER_CA={ca} CLUSTER_TOKEN_FILE={token}
            In Kubernetes:
              kubectl create secret generic coordinator-tls --from-file={Quoted(folder.Of(CertificateRole.Coordinator))} -n training-cluster
              kubectl create secret generic worker-tls --from-file={Quoted(folder.Of(CertificateRole.Worker))} -n training-cluster
              kubectl create secret generic serving-tls --from-file={Quoted(folder.Of(CertificateRole.Serving))} -n training-cluster
              kubectl create secret generic coordinator-tokens --from-file={Quoted(folder.Tokens)} -n training-cluster
              kubectl create secret generic client --from-file={Quoted(Path.GetDirectoryName(folder.ClientToken)!)} -n training-cluster
            """
        );
        if (made.Coordinator.Ends == made.AuthorityEnds)
        {
            await terminal.Error.WriteLineAsync(
                $"cluster: the certificates end with their CA, on {Day(made.AuthorityEnds)}; --new-ca makes a new one"
            );
        }

        string FirstToken() =>
            made.AreTokensNew ? $"the token of {ClusterCertificates.FirstToken} (new)"
            : File.Exists(folder.ClientToken) ? "kept"
            : "missing; './cluster token add' makes others";

        string[] Row(CertificateRole role, IssuedCertificate certificate) =>
            [folder.CertificateOf(role), string.Join(", ", certificate.Hosts), Day(certificate.Ends)];
    }

    private static Task WriteJsonAsync(Terminal terminal, CertificateFolder folder, MadeCertificates made)
    {
        var result = new
        {
            Ca = new
            {
                Certificate = folder.Authority,
                Name = made.AuthorityName,
                IsNew = made.IsAuthorityNew,
                Ends = made.AuthorityEnds.UtcDateTime,
                made.OlderAuthorities,
            },
            Coordinator = Program(CertificateRole.Coordinator, made.Coordinator),
            Worker = Program(CertificateRole.Worker, made.Worker),
            Serving = Program(CertificateRole.Serving, made.Serving),
            Tokens = new { File = folder.Tokens, IsNew = made.AreTokensNew },
            Client = new { Ca = folder.ClientAuthority, Token = folder.ClientToken },
        };
        return terminal.Out.WriteLineAsync(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));

        object Program(CertificateRole role, IssuedCertificate certificate) =>
            new
            {
                Folder = folder.Of(role),
                Ends = certificate.Ends.UtcDateTime,
                certificate.Hosts,
            };
    }

    private static string Day(DateTimeOffset time) => Text.Invariant($"{time.UtcDateTime:yyyy-MM-dd}");

    /// <summary>As a shell reads it.</summary>
    private static string Quoted(string path) =>
        path.AsSpan().ContainsAnyExcept(s_plain) ? $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'" : path;
}
