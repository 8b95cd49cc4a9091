using TrainingCluster.Security;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class TokenCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string FilePath => _folder.At("tokens");

    private AccessTokens Tokens => AccessTokens.Parse(File.ReadAllText(FilePath), FilePath);

    private Task<Session> AddAsync(string name, string role, params string[] options) =>
        Session.RunAsync(["token", "add", name, "--role", role, "--file", FilePath, .. options]);

    [Fact]
    public async Task Add_NoFileYet_MakesOneAndPrintsTheTokenAlone()
    {
        var session = await AddAsync("alice", "submitter", "--namespace", "research");

        Assert.Equal(0, session.ExitCode);
        Assert.Matches("^tc_[A-Za-z0-9_-]{43}\n$", session.Out);
        Assert.Equal(new AccessGrant("alice", AccessRole.Submitter, "research"), Tokens.Find(session.Out.Trim()));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(FilePath).UnixFileMode);
        Assert.Contains("alice is submitter in namespace research", session.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Out.Trim(), session.Error + await File.ReadAllTextAsync(FilePath), StringComparison.Ordinal);
        Assert.Equal([FilePath], Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Add_FileWithoutALastLineEnd_KeepsItsLinesCommentsAndPermissions()
    {
        var line = AccessTokens.LineOf("token", new AccessGrant("bob", AccessRole.Viewer, "default"));
        _folder.Write("tokens", $"# ours\n{line}");
        var permissions = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        var mode = new FileInfo(FilePath);
        if (!OperatingSystem.IsWindows())
        {
            mode.UnixFileMode = permissions;
        }

        var session = await AddAsync("alice", "operator", "--namespace", "*");

        Assert.StartsWith($"# ours\n{line}\nsha256:", await File.ReadAllTextAsync(FilePath), StringComparison.Ordinal);
        Assert.Equal("bob", Tokens.Find("token")!.Name);
        Assert.Equal(new AccessGrant("alice", AccessRole.Operator, "*"), Tokens.Find(session.Out.Trim()));
        Assert.Equal(permissions, new FileInfo(FilePath).UnixFileMode);
        Assert.Contains("in all namespaces", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_FileThatIsALink_ChangesWhatItLeadsTo()
    {
        _folder.Write("real", "");
        File.CreateSymbolicLink(FilePath, _folder.At("real"));
        await AddAsync("alice", "viewer");
        Assert.NotNull(new FileInfo(FilePath).LinkTarget);
        Assert.Equal(new AccessGrant("alice", AccessRole.Viewer, "default"), Assert.Single(Tokens.Grants));
    }

    [Fact]
    public async Task Add_NameTwice_IsRefusedWithWhatHelps()
    {
        await AddAsync("alice", "viewer");
        var before = await File.ReadAllTextAsync(FilePath);

        var session = await AddAsync("alice", "operator");

        Assert.Equal((ExitCodes.BadUsage, ""), (session.ExitCode, session.Out));
        Assert.Contains("has a token named 'alice' already: choose another name", session.Error, StringComparison.Ordinal);
        Assert.Contains($"./cluster token remove alice --file {FilePath}", session.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(FilePath));
    }

    [Theory]
    [InlineData("Alice", "viewer", "default", "NAME 'Alice' is no name; write")]
    [InlineData("a b", "viewer", "default", "NAME 'a b' is no name")]
    [InlineData("alice", "admin", "default", "viewer")]
    [InlineData("alice", "2", "default", "viewer")]
    [InlineData("alice", "viewer", "Research", "--namespace 'Research' is none; write")]
    [InlineData("alice", "viewer", "a.b", "--namespace 'a.b' is none")]
    public async Task Add_BadWord_IsNamedAndNothingMade(string name, string role, string place, string expected)
    {
        var session = await AddAsync(name, role, "--namespace", place);
        Assert.Equal((ExitCodes.BadUsage, ""), (session.ExitCode, session.Out));
        Assert.Contains(expected, session.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(FilePath));
    }

    [Theory]
    [InlineData("add", "alice", "--role", "viewer")]
    [InlineData("remove", "alice")]
    [InlineData("list")]
    public async Task Any_DamagedFile_NamesTheLineAndChangesNothing(params string[] command)
    {
        _folder.Write("tokens", "# ours\nnonsense\n");
        var session = await Session.RunAsync(["token", .. command, "--file", FilePath]);
        Assert.Equal((ExitCodes.BadUsage, ""), (session.ExitCode, session.Out));
        Assert.Contains($"{FilePath}, line 2: ", session.Error, StringComparison.Ordinal);
        Assert.Equal("# ours\nnonsense\n", await File.ReadAllTextAsync(FilePath));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("remove", "alice")]
    [InlineData("list")]
    public async Task ListAndRemove_NoFile_SaySo(params string[] command)
    {
        var session = await Session.RunAsync(["token", .. command, "--file", FilePath]);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains($"--file {FilePath} cannot be read", session.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Add_NoFolder_SaysSo()
    {
        var session = await Session.RunAsync("token", "add", "a", "--role", "viewer", "--file", _folder.At("none/tokens"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains($"there is no folder {_folder.At("none")}", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_WhileAnotherWrites_SaysSoAndLeavesTheOthersFile()
    {
        _folder.Write("tokens.new", "");
        var session = await AddAsync("alice", "viewer");
        Assert.Equal((ExitCodes.Failed, ""), (session.ExitCode, session.Out));
        Assert.Contains("tokens.new is there", session.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.At("tokens.new")));
    }

    [Fact]
    public async Task List_Tokens_ShowsNamesRolesAndNamespacesAndNoHash()
    {
        await AddAsync("alice", "submitter", "--namespace", "research");
        await AddAsync("bob", "operator", "--namespace", "*");

        var table = await Session.RunAsync("token", "list", "--file", FilePath);
        var json = await Session.RunAsync("token", "list", "--file", FilePath, "--json");

        Assert.Equal("NAME   ROLE       NAMESPACE\nalice  submitter  research\nbob    operator   *\n", table.Out);
        Assert.Equal(
            """
            {"name":"alice","role":"submitter","namespace":"research"}
            {"name":"bob","role":"operator","namespace":"*"}

            """,
            json.Out
        );
    }

    [Fact]
    public async Task Remove_OneOfThree_LeavesTheOthersAndComments()
    {
        await AddAsync("alice", "viewer");
        var token = (await AddAsync("bob", "viewer")).Out.Trim();
        var rest = await File.ReadAllTextAsync(FilePath);
        await AddAsync("carol", "viewer");

        var session = await Session.RunAsync("token", "remove", "carol", "--file", FilePath);

        Assert.Equal((0, "token carol removed\n"), (session.ExitCode, session.Out));
        Assert.Equal(rest, await File.ReadAllTextAsync(FilePath));
        await Session.RunAsync("token", "remove", "bob", "--file", FilePath);
        Assert.Null(Tokens.Find(token));
        session = await Session.RunAsync("token", "remove", "bob", "--file", FilePath);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("has no token named 'bob'; there are alice", session.Error, StringComparison.Ordinal);
        await Session.RunAsync("token", "remove", "alice", "--file", FilePath);
        Assert.Equal("no tokens", (await Session.RunAsync("token", "list", "--file", FilePath)).Error.Trim());
        Assert.StartsWith("#", await File.ReadAllTextAsync(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_WithoutACommand_SaysWhichThereAre()
    {
        var session = await Session.RunAsync("token");
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("./cluster token --help", session.Error, StringComparison.Ordinal);
        Assert.Contains("remove", (await Session.RunAsync("token", "--help")).Out, StringComparison.Ordinal);
    }
}
