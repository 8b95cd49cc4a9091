using System.Collections.Immutable;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Filters;

public class JobFilterTests
{
    /// <summary>
    /// a: queued, team=nlp; b: running, priority 5; c: failed at 3 h, priority -5, team=vision, owner ann; d: queued, no labels.
    /// </summary>
    private static async Task<JobStore> FilledAsync(string path)
    {
        var store = await JobStore.OpenAsync(path, TimeProvider.System);
        await AddAsync("a", JobPhase.Waiting, 0, 1, ("team", "nlp"), ("example.com/tier", "gold"));
        await AddAsync("b", JobPhase.Running, 5, 2);
        await AddAsync("c", JobPhase.Failed, -5, 3, ("team", "vision"));
        await AddAsync("d", JobPhase.Waiting, 0, 4);
        return store;

        async Task AddAsync(string name, JobPhase phase, int priority, int hours, params (string Key, string Value)[] labels)
        {
            var id = $"{name}-00000000";
            var time = DateTimeOffset.UnixEpoch.AddHours(hours);
            var start = JobMachine.Create(id, JobSpecDefaults.Fill(new JobSpec { Name = name, Priority = priority }), time);
            var job = new StoredJob(0, id, "", start.Spec, time, start.Record, new())
            {
                Namespace = name == "b" ? "lab" : "default",
                Owner = name == "c" ? "ann" : "",
                Labels = labels.ToImmutableSortedDictionary(l => l.Key, l => l.Value, StringComparer.Ordinal),
            };
            await store.CreateAsync(job, start.Spec);
            await store.SaveAsync(id, start.Record with { Phase = phase, Ended = phase == JobPhase.Failed ? time : null }, new(), []);
        }
    }

    [Theory]
    [InlineData("", "dcba")]
    [InlineData("state = QUEUED", "da")]
    [InlineData("state = JOB_STATE_RUNNING", "b")]
    [InlineData("state != QUEUED", "cb")]
    [InlineData("NOT state = QUEUED", "cb")]
    [InlineData("state = QUEUED OR state = FAILED", "dca")]
    [InlineData("state = QUEUED AND state = FAILED", "")]
    [InlineData("labels.team = nlp", "a")]
    [InlineData("labels.team = \"nlp\"", "a")]
    [InlineData("labels.team != nlp", "dcb")]
    [InlineData("labels.team:*", "ca")]
    [InlineData("NOT labels.team:*", "db")]
    [InlineData("labels.example.com/tier = gold", "a")]
    [InlineData("labels.\"example.com/tier\" = gold", "a")]
    [InlineData("name = c", "c")]
    [InlineData("id = b-00000000", "b")]
    [InlineData("namespace = lab", "b")]
    [InlineData("owner = ann", "c")]
    [InlineData("owner = \"\"", "dba")]
    [InlineData("priority > 0", "b")]
    [InlineData("priority < 0", "c")]
    [InlineData("priority >= 0 AND priority <= 0", "da")]
    [InlineData("priority = -5", "c")]
    [InlineData("create_time > 1970-01-01T02:00:00Z", "dc")]
    [InlineData("create_time <= \"1970-01-01T02:00:00+00:00\"", "ba")]
    [InlineData("end_time < 2000-01-01T00:00:00Z", "c")]
    [InlineData("NOT end_time < 2000-01-01T00:00:00Z", "dba")]
    [InlineData("(state = QUEUED AND labels.team:*) OR priority = 5", "ba")]
    // OR binds tighter than AND.
    [InlineData("labels.team = nlp OR priority = 5 AND state = RUNNING", "b")]
    [InlineData("NOT (state = QUEUED OR priority = 5)", "c")]
    [InlineData("NOT NOT state = RUNNING", "b")]
    public async Task Parse_GoodFilter_FindsWhatItSays(string filter, string found)
    {
        using var folder = new TemporaryFolder();
        await using var store = await FilledAsync(Path.Combine(folder.Path, "jobs.db"));
        var jobs = await store.ListAsync(null, JobFilter.Parse(filter), 10);
        Assert.Equal(found, string.Concat(jobs.Select(job => job.Spec.Name)));
    }

    [Theory]
    [InlineData("state", "at position 6: the filter ends where one of = != < <= > >= : should be")]
    [InlineData("state =", "at position 8: the filter ends where a value should be")]
    [InlineData("state = DANCING", "at position 9: 'DANCING' is no state; use QUEUED, RUNNING")]
    [InlineData("state > QUEUED", "at position 7: state has no order; use = or !=")]
    [InlineData("colour = red", "at position 1: there is no field 'colour'; use state, id")]
    [InlineData("name = a name = b", "at position 10: 'name' stands where AND, OR or the end should be")]
    [InlineData("(name = a", "at position 10: the filter ends where AND, OR or ')' should be")]
    [InlineData("name = \"a", "at position 8: the quotation has no end")]
    [InlineData("AND name = a", "at position 1: 'AND' stands where a field should be")]
    [InlineData("priority = high", "at position 12: 'high' is no whole number")]
    [InlineData("create_time > yesterday", "at position 15: 'yesterday' is no time")]
    [InlineData("labels.a$b = c", "at position 8: 'a$b' is no key of a label")]
    [InlineData("labels.team:nlp", "at position 13: ':' asks whether a label is there")]
    [InlineData("name:*", "at position 5: ':' asks whether a label is there")]
    [InlineData("name = a*", "at position 8: * stands for the presence of a label alone")]
    public void Parse_BadFilter_SaysWhere(string filter, string problem) =>
        Assert.StartsWith(problem, Assert.Throws<FilterException>(() => JobFilter.Parse(filter)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_FilterThatIsTooLongOrDeep_IsRefused()
    {
        Assert.Throws<FilterException>(() => JobFilter.Parse($"name = {new string('a', 2000)}"));
        Assert.Throws<FilterException>(() => JobFilter.Parse(new string('(', 60) + "name = a" + new string(')', 60)));
        JobFilter.Parse(new string('(', 49) + "name = a" + new string(')', 49));
    }

    [Fact]
    public async Task Parse_TextOfSql_IsAValue()
    {
        using var folder = new TemporaryFolder();
        await using var store = await FilledAsync(Path.Combine(folder.Path, "jobs.db"));
        Assert.Empty(await store.ListAsync(null, JobFilter.Parse("name = \"a' OR 1=1 --\""), 10));
        Assert.Equal(4, (await store.ListAsync(null, JobFilter.All, 10)).Count);
    }
}
