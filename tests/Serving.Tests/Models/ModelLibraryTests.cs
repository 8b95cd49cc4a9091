using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Serving.Models;
using TrainingCluster.Serving.Telemetry;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Serving.Tests.Models;

public sealed class ModelLibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Acquire_FolderReplaced_GivesTheNewVersionAndKeepsTheOldWhileItIsHeld()
    {
        var path = Save("a", 1);
        using var library = await LibraryAsync(1, new FolderSource(path));
        var (old, hold) = await AcquireAsync(library, "a");
        var newHash = TestModels.Save(path, 2);
        await RefreshAsync(library);
        var model = await LoadedAsync(library, "a", newHash);
        Assert.NotSame(old, model);
        // Still usable: a call may compute with it.
        Assert.NotEmpty(old.Translator.Translate(["1"]));
        hold.Dispose();
        Assert.Throws<ObjectDisposedException>(() => old.Hold());
    }

    [Fact]
    public async Task Acquire_NewerVersionDamaged_AnswersWithTheOldAndSaysSo()
    {
        var path = Save("a", 1);
        using var library = await LibraryAsync(1, new FolderSource(path));
        var (old, hold) = await AcquireAsync(library, "a");
        hold.Dispose();
        TestModels.Save(path, 2);
        TestModels.Damage(path, ModelFolder.WeightsFile);
        await RefreshAsync(library);
        var view = await UntilAsync(library, "a", view => view.Problem.Length > 0);
        Assert.Contains(ModelFolder.WeightsFile, view.Problem, StringComparison.Ordinal);
        Assert.Same(old, (await AcquireAsync(library, "a")).Model);
    }

    [Theory]
    [InlineData(ModelFolder.WeightsFile)]
    [InlineData(ModelFolder.TokenizerFile)]
    public async Task Acquire_DamagedFile_IsNamedAndOtherModelsGoOn(string file)
    {
        var (bad, good) = (Save("bad", 1), Save("good", 2));
        TestModels.Damage(bad, file);
        using var library = await LibraryAsync(2, new FolderSource(bad), new FolderSource(good));
        var error = await Assert.ThrowsAsync<ModelUnusableException>(() => AcquireAsync(library, "bad"));
        Assert.Equal(ModelProblem.Unusable, error.Problem);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.NotNull((await AcquireAsync(library, "good")).Model);
        // The same answer for a while, without a look at the file; then it is tried anew.
        TestModels.Save(bad, 1);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull((await AcquireAsync(library, "bad")).Model);
    }

    [Fact]
    public async Task Acquire_OtherFormatVersion_IsNamed()
    {
        var path = Save("a", 1);
        var manifest = Path.Combine(path, ModelFolder.ManifestFile);
        File.WriteAllText(
            manifest,
            File.ReadAllText(manifest).Replace("\"format_version\": 1", "\"format_version\": 7", StringComparison.Ordinal)
        );
        using var library = await LibraryAsync(1, new FolderSource(path));
        var error = await Assert.ThrowsAsync<ModelUnusableException>(() => AcquireAsync(library, "a"));
        Assert.Contains("format version 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_MissingFile_IsNamed()
    {
        var path = Save("a", 1);
        File.Delete(Path.Combine(path, ModelFolder.WeightsFile));
        using var library = await LibraryAsync(1, new FolderSource(path));
        var error = await Assert.ThrowsAsync<ModelUnusableException>(() => AcquireAsync(library, "a"));
        Assert.Contains($"{ModelFolder.WeightsFile} is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_MoreModelsThanMayBeLoaded_LetsTheOneGoThatWasCalledLeastRecently()
    {
        using var library = await LibraryAsync(2, [.. new[] { "a", "b", "c" }.Select(name => new FolderSource(Save(name, 1)))]);
        foreach (var name in new[] { "a", "b", "a", "c" })
        {
            (await AcquireAsync(library, name)).Hold.Dispose();
        }
        Assert.Equal(["a", "c"], library.List().Where(view => view.Loaded is not null).Select(view => view.Offer.Id));
    }

    [Fact]
    public async Task Acquire_AllModelsHeld_WaitsUntilOneIsLetGo()
    {
        using var library = await LibraryAsync(1, new FolderSource(Save("a", 1)), new FolderSource(Save("b", 2)));
        var (a, hold) = await AcquireAsync(library, "a");
        var waiting = AcquireAsync(library, "b");
        Assert.NotEmpty(a.Translator.Translate(["1"]));
        Assert.False(waiting.IsCompleted);
        hold.Dispose();
        Assert.Equal("b", (await waiting).Model.Offer.Id);
        Assert.Throws<ObjectDisposedException>(() => a.Hold());
    }

    [Fact]
    public async Task Acquire_UnknownModel_IsTold()
    {
        using var library = await LibraryAsync(1, new FolderSource(Save("a", 1)));
        var error = await Assert.ThrowsAsync<ModelUnusableException>(() => AcquireAsync(library, "x"));
        Assert.Equal(ModelProblem.Unknown, error.Problem);
    }

    private string Save(string name, ulong seed)
    {
        var path = Path.Combine(_folder.Path, name);
        TestModels.Save(path, seed);
        return path;
    }

    private async Task<ModelLibrary> LibraryAsync(int loaded, params IModelSource[] sources)
    {
        var library = new ModelLibrary(
            sources,
            new ModelSettings { MaxLoaded = loaded },
            new ServingMetrics(new ProgramMetrics("serving")),
            _time,
            NullLogger<ModelLibrary>.Instance
        );
        await RefreshAsync(library);
        return library;
    }

    private static Task RefreshAsync(ModelLibrary library) => library.RefreshAsync(TestContext.Current.CancellationToken);

    private static Task<(ServedModel Model, IDisposable Hold)> AcquireAsync(ModelLibrary library, string id) =>
        library.AcquireAsync(id, TestContext.Current.CancellationToken);

    private static async Task<ServedModel> LoadedAsync(ModelLibrary library, string id, string hash) =>
        (await UntilAsync(library, id, view => view.Loaded?.Translator.Manifest?.WeightsSha256 == hash)).Loaded!;

    private static async Task<ModelView> UntilAsync(ModelLibrary library, string id, Func<ModelView, bool> isSo)
    {
        while (true)
        {
            if (library.List().FirstOrDefault(view => view.Offer.Id == id) is { } view && isSo(view))
            {
                return view;
            }
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
