using TrainingCluster.Security;

namespace TrainingCluster.Cli.Security;

/// <summary>A file of tokens that commands change. Its comments stay.</summary>
internal sealed class TokenFile
{
    private const string Heading = """
        # Who may use the cluster: the hash of a token, its name, its role (viewer, submitter, operator) and its namespace (* for all).
        # ./cluster token add, list and remove change this file; a coordinator reads changes within seconds.

        """;

    private readonly string _shown;
    private readonly string _path;

    /// <param name="path">The file, which need not exist. A link stays one.</param>
    public TokenFile(string path)
    {
        _shown = path;
        _path =
            File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target
                ? target.FullName
                : Path.GetFullPath(path);
    }

    /// <summary>The content of a new file with one token.</summary>
    public static string With(string token, AccessGrant grant) => $"{Heading}{AccessTokens.LineOf(token, grant)}\n";

    /// <summary>All grants.</summary>
    /// <exception cref="CliException">The file is missing or damaged.</exception>
    public IReadOnlyList<AccessGrant> List() => Parse(Read()).Grants;

    /// <summary>Adds a new token, whose text is returned and kept nowhere. The file is made where it is missing.</summary>
    /// <exception cref="CliException">The name is taken, or the file is damaged.</exception>
    public string Add(AccessGrant grant)
    {
        using var file = Begin();
        var text = File.Exists(_path) ? Read() : null;
        if (text is not null && Parse(text).Grants.Any(other => other.Name == grant.Name))
        {
            throw CliException.BadUsage(
                $"{_shown} has a token named '{grant.Name}' already: choose another name,"
                    + $" or remove it first ('./cluster token remove {grant.Name} --file {_shown}')"
            );
        }
        var token = AccessTokens.NewToken();
        var lineEnd = text is null or "" || text.EndsWith('\n') ? "" : "\n";
        Replace(file, text is null ? With(token, grant) : $"{text}{lineEnd}{AccessTokens.LineOf(token, grant)}\n");
        return token;
    }

    /// <summary>Removes a token.</summary>
    /// <exception cref="CliException">None has the name, or the file is missing or damaged.</exception>
    public void Remove(string name)
    {
        using var file = Begin();
        var text = Read();
        var names = Parse(text).Grants.Select(grant => grant.Name).ToList();
        if (!names.Contains(name))
        {
            throw CliException.BadUsage(
                $"{_shown} has no token named '{name}'; there {(names.Count > 0 ? $"are {string.Join(", ", names)}" : "is none")}"
            );
        }
        Replace(file, string.Join('\n', text.Split('\n').Where(line => AccessTokens.NameOf(line) != name)));
    }

    /// <summary>Nobody else changes the file from here on.</summary>
    private PrivateFile Begin() =>
        Directory.Exists(Path.GetDirectoryName(_path))
            ? PrivateFile.Begin(_path)
            : throw CliException.BadUsage($"--file {_shown}: there is no folder {Path.GetDirectoryName(_path)}; make it first");

    private static void Replace(PrivateFile file, string text)
    {
        file.KeepPermissions();
        file.Write(text);
        file.Publish();
    }

    private string Read()
    {
        try
        {
            return File.ReadAllText(_path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CliException.BadUsage($"--file {_shown} cannot be read: {exception.Message}", exception);
        }
    }

    private AccessTokens Parse(string text)
    {
        try
        {
            return AccessTokens.Parse(text, _shown);
        }
        catch (InvalidDataException exception)
        {
            throw CliException.BadUsage(exception.Message, exception);
        }
    }
}
