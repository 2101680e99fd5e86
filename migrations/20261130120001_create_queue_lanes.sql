-- The queue: what wakes its workers, and how its lanes are doing.

-- When a lane last worked, on any instance, and its last error. Written every few seconds while there is work.
CREATE TABLE queue_lane (
    name          text PRIMARY KEY CHECK (name IN ('events', 'rechecks', 'reviews', 'staff_changes', 'webhook_payloads',
                      'webhook_deliveries')),
    last_run_at   timestamptz NOT NULL,
    last_error    text,
    last_error_at timestamptz
);

-- Wakes the workers of a lane on all instances once the transaction commits. Postgres sends equal notifications of one
-- transaction once.
CREATE FUNCTION notify_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('dinggate_work', TG_ARGV[0]);
    RETURN NULL;
END $$;

-- A new event is announced by the instance that has stored it, after the commit: commits with a notification wait for
-- each other, and the inbox must not.
CREATE TRIGGER event_notify_work AFTER UPDATE OF state ON event
    FOR EACH ROW WHEN (OLD.state <> 'waiting' AND NEW.state = 'waiting') EXECUTE FUNCTION notify_work('events');
CREATE TRIGGER recheck_notify_work AFTER INSERT ON recheck
    FOR EACH ROW WHEN (NEW.due_at <= clock_timestamp()) EXECUTE FUNCTION notify_work('rechecks');
CREATE TRIGGER review_job_notify_work AFTER INSERT ON review_job
    FOR EACH ROW EXECUTE FUNCTION notify_work('reviews');
CREATE TRIGGER staff_change_notify_work AFTER INSERT ON staff_change
    FOR EACH ROW EXECUTE FUNCTION notify_work('staff_changes');
CREATE TRIGGER webhook_delivery_notify_payloads AFTER INSERT ON webhook_delivery
    FOR EACH ROW WHEN (NEW.body IS NULL) EXECUTE FUNCTION notify_work('webhook_payloads');
CREATE TRIGGER webhook_delivery_notify_deliveries AFTER INSERT ON webhook_delivery
    FOR EACH ROW WHEN (NEW.body IS NOT NULL) EXECUTE FUNCTION notify_work('webhook_deliveries');
CREATE TRIGGER webhook_delivery_notify_payloads_again AFTER UPDATE OF state ON webhook_delivery
    FOR EACH ROW WHEN (OLD.state <> 'waiting' AND NEW.state = 'waiting' AND NEW.body IS NULL)
    EXECUTE FUNCTION notify_work('webhook_payloads');
CREATE TRIGGER webhook_delivery_notify_deliveries_again AFTER UPDATE OF state ON webhook_delivery
    FOR EACH ROW WHEN (OLD.state <> 'waiting' AND NEW.state = 'waiting' AND NEW.body IS NOT NULL)
    EXECUTE FUNCTION notify_work('webhook_deliveries');
