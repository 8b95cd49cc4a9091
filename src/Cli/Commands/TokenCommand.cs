using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Security;
using TrainingCluster.Security;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>token</c>: who may use a cluster, in the coordinator's token file.</summary>
internal static class TokenCommand
{
    private const string DefaultNamespace = "default";

    public static Command Create(Terminal terminal) =>
        new("token", "Add, list and remove the tokens by which clients may use a cluster.")
        {
            Add(terminal),
            List(terminal),
            Remove(terminal),
        };

    private static Command Add(Terminal terminal)
    {
        var name = NameArgument();
        var role = new Option<string>("--role")
        {
            Description = "What it lets its holder do: viewer, submitter or operator (docs/security.md).",
            HelpName = "ROLE",
            Required = true,
        };
        role.AcceptOnlyFromAmong([.. Enum.GetValues<AccessRole>().Select(AccessTokens.WordOf)]);
        var place = new Option<string>("--namespace")
        {
            Description = "The namespace in which it holds; '*' for all.",
            HelpName = "NS",
            DefaultValueFactory = _ => DefaultNamespace,
        };
        var file = FileOption();
        var command = new Command("add", "Make a token and print it, this once: the file holds its hash.") { name, role, place, file };
        command.SetAction(
            async (parsed, _) =>
            {
                var grant = new AccessGrant(
                    parsed.GetValue(name)!,
                    AccessTokens.RoleOf(parsed.GetValue(role)!)!.Value,
                    parsed.GetValue(place)!
                );
                Require(grant);
                var token = new TokenFile(parsed.GetValue(file)!).Add(grant);
                await terminal.Out.WriteLineAsync(token);
                var where = grant.Namespace == AccessGrant.AllNamespaces ? "all namespaces" : $"namespace {grant.Namespace}";
                await terminal.Error.WriteLineAsync(
                    $"{grant.Name} is {AccessTokens.WordOf(grant.Role)} in {where}; this token is shown only now"
                );
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static Command List(Terminal terminal)
    {
        var file = FileOption();
        var json = SharedOptions.Json();
        var command = new Command("list", "List the tokens' names, roles and namespaces.") { file, json };
        command.SetAction(
            async (parsed, _) =>
            {
                var grants = new TokenFile(parsed.GetValue(file)!).List();
                if (parsed.GetValue(json))
                {
                    foreach (var grant in grants)
                    {
                        var line = new
                        {
                            grant.Name,
                            Role = AccessTokens.WordOf(grant.Role),
                            grant.Namespace,
                        };
                        await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(line, JsonSerializerOptions.Web));
                    }
                }
                else if (grants.Count == 0)
                {
                    await terminal.Error.WriteLineAsync("no tokens");
                }
                else
                {
                    await Table.WriteAsync(
                        terminal,
                        [new("NAME", Yield.Text), "ROLE", new("NAMESPACE", Yield.Text)],
                        [.. grants.Select(grant => (string[])[grant.Name, AccessTokens.WordOf(grant.Role), grant.Namespace])]
                    );
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static Command Remove(Terminal terminal)
    {
        var name = NameArgument();
        var file = FileOption();
        var command = new Command("remove", "Remove a token: who shows it is let in no more.") { name, file };
        command.SetAction(
            async (parsed, _) =>
            {
                new TokenFile(parsed.GetValue(file)!).Remove(parsed.GetValue(name)!);
                await terminal.Out.WriteLineAsync($"token {parsed.GetValue(name)} removed");
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "Of the person or program that holds it." };

    private static Option<string> FileOption() =>
        new("--file")
        {
            Description = "The token file: 'tokens' in the folder that 'certs' made.",
            HelpName = "FILE",
            Required = true,
        };

    private static void Require(AccessGrant grant)
    {
        if (!AccessGrant.IsName(grant.Name))
        {
            throw CliException.BadUsage($"NAME '{grant.Name}' is no name; write 1 to 63 of a-z, 0-9, '.', '_' and '-'");
        }
        if (!AccessGrant.IsNamespace(grant.Namespace))
        {
            throw CliException.BadUsage(
                $"--namespace '{grant.Namespace}' is none; write 1 to 63 of a-z, 0-9 and '-' that begin and end with no '-', or '*' for all"
            );
        }
    }
}
